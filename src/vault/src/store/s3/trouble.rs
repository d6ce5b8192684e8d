//! What an answer of a server, or none, means.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::store::Trouble;

/// A try that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) trouble: Trouble,
    pub(super) source: Box<dyn Error + Send + Sync>,
}

impl Failed {
    pub(super) fn new(trouble: Trouble, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { trouble, source: source.into() }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failed
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let (code, said) =
                    (answer.err().code().unwrap_or_default(), answer.err().message().unwrap_or_default());
                let text = format!("{status} {code} {said}");
                Self::new(trouble(status, code), text.trim_end().to_owned())
            }
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
                let text = DisplayErrorContext(&error).to_string();
                let trouble = if text.contains("certificate") { Trouble::Untrusted } else { Trouble::Retryable };
                Self::new(trouble, first_part(&text))
            }
            _ => Self::new(Trouble::Other, first_part(&DisplayErrorContext(&error).to_string())),
        }
    }
}

/// An error with its causes in one line, without the dump of the request that the SDK adds behind them.
fn first_part(text: &str) -> String {
    let dumps = [" (DispatchFailure(", " (TimeoutError(", " (ResponseError(", " (ConstructionFailure("];
    let end = dumps.iter().filter_map(|dump| text.find(dump)).min().unwrap_or(text.len());
    text[..end].chars().take(1000).collect()
}

/// What helps against an answer: codes of S3 and of the servers that were tried, else the status.
fn trouble(status: u16, code: &str) -> Trouble {
    match (status, code) {
        (_, "RequestTimeTooSkewed" | "RequestExpired") => Trouble::ClockSkew,
        (
            _,
            "AccessDenied"
            | "ExpiredToken"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "SignatureDoesNotMatch"
            | "TokenRefreshRequired"
            | "AllAccessDisabled"
            | "AccountProblem"
            | "AuthorizationHeaderMalformed",
        ) => Trouble::Auth,
        (507, _)
        | (
            _,
            "QuotaExceeded"
            | "StorageFull"
            | "XMinioStorageFull"
            | "XMinioAdminBucketQuotaExceeded"
            | "InsufficientCapacity"
            | "InsufficientStorage"
            | "EntityTooLarge",
        ) => Trouble::Quota,
        (_, "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload") | (404, _) => Trouble::NotFound,
        (_, "PreconditionFailed") | (412, _) => Trouble::Exists,
        // What arrived there is not what was sent: sent again, it may.
        (_, "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch") => {
            Trouble::Retryable
        }
        (_, "InvalidRange") | (416, _) => Trouble::Corrupt,
        (501, _) => Trouble::Other,
        (401 | 403, _) => Trouble::Auth,
        (408 | 409 | 425 | 429 | 500..=599, _) => Trouble::Retryable,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_helps() {
        for (status, code, expected) in [
            (403, "RequestTimeTooSkewed", Trouble::ClockSkew),
            (400, "ExpiredToken", Trouble::Auth),
            (403, "", Trouble::Auth),
            (507, "", Trouble::Quota),
            (507, "XMinioStorageFull", Trouble::Quota),
            (404, "NoSuchBucket", Trouble::NotFound),
            (412, "", Trouble::Exists),
            (503, "SlowDown", Trouble::Retryable),
            (500, "InternalError", Trouble::Retryable),
            (409, "ConditionalRequestConflict", Trouble::Retryable),
            (416, "InvalidRange", Trouble::Corrupt),
            (501, "NotImplemented", Trouble::Other),
            (400, "MalformedXML", Trouble::Other),
        ] {
            assert_eq!(trouble(status, code), expected, "{status} {code}");
        }
    }
}
