//! What a refusal must say, read from what a program printed: code, sentence, reason, cure, in the language asked for.

use bridle_core::fault::FaultCode;
use bridle_core::message::{Language, Message};

use crate::testhost::Output;

/// A refusal as it was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// What happened.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do or type next.
    pub cure: String,
    /// Everything that was printed, data and messages.
    pub whole: String,
}

impl Refusal {
    /// Reads it from the output of a program that was told to speak `language`.
    ///
    /// # Errors
    /// What is missing, with the output.
    pub fn read(output: &Output, language: Language) -> Result<Self, String> {
        let whole = format!("{}{}", output.stdout, output.stderr);
        let gap = |what: &str| format!("no {what} in {language}:\n{whole}");
        let head = output.stderr.lines().find_map(|line| line.strip_prefix("[!!] ")).ok_or_else(|| gap("code"))?;
        let (code, what) = head.split_once(' ').ok_or_else(|| gap("sentence"))?;
        let labelled = |label: &'static str| {
            let label = format!("     {}", Message::new(label).render(language));
            output.stderr.lines().find_map(|line| Some(line.strip_prefix(&label)?.trim().to_owned()))
        };
        let why = labelled("label-why").filter(|text| !text.is_empty()).ok_or_else(|| gap("reason"))?;
        let cure = labelled("label-do").filter(|text| !text.is_empty()).ok_or_else(|| gap("cure"))?;
        let (code, what) = (code.to_owned(), what.to_owned());
        let refusal = Self { code, what, why, cure, whole };
        refusal.in_language(language)?;
        Ok(refusal)
    }

    /// Whether the words are those of the language: what has no arguments is there as it stands in the Fluent files.
    fn in_language(&self, language: Language) -> Result<(), String> {
        let known = FaultCode::ALL.iter().find(|code| code.code() == self.code);
        let known = known.ok_or_else(|| format!("{} is no code of the product", self.code))?;
        let message = Message::new(known.code());
        for (attribute, printed) in [("why", &self.why), ("fix", &self.cure)] {
            let text = message.render_attribute(language, attribute).unwrap_or_default();
            // An argument that is not given shows as `{$name}`.
            if !text.contains("{$") && text != *printed {
                return Err(format!("the {attribute} of {} is not that in {language}:\n{printed}", self.code));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridle_core::fault::Fault;
    use bridle_core::wording::FaultText;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn printed(lines: &[String]) -> Output {
        Output { status: ExitStatus::from_raw(0), stdout: String::new(), stderr: lines.join("\n") }
    }

    #[test]
    fn what_the_product_prints_is_read_in_both_languages() {
        for language in Language::ALL {
            let fault = Fault::new(FaultCode::WriteFailed).with("path", "/x").output("a cause");
            let lines = FaultText::new(&fault, language).lines(language, 4);
            let refusal = Refusal::read(&printed(&lines), language).unwrap();
            assert_eq!(refusal.code, "BR-1021");
            assert!(refusal.what.contains("/x") && !refusal.cure.is_empty());
        }
    }

    #[test]
    fn gaps_and_the_other_language_are_noticed() {
        let fault = Fault::new(FaultCode::NotRoot);
        let mut lines = FaultText::new(&fault, Language::En).lines(Language::En, 4);
        assert!(Refusal::read(&printed(&lines), Language::Fr).is_err());
        lines.retain(|line| !line.contains("WHY"));
        assert!(Refusal::read(&printed(&lines), Language::En).unwrap_err().starts_with("no reason"));
        assert!(Refusal::read(&printed(&[]), Language::En).unwrap_err().starts_with("no code"));
    }
}
