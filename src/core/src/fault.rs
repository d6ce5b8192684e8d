//! What went wrong, for people: a stable code with words, the reason, what to type next, and the exit code.

use serde::{Deserialize, Serialize};

use crate::message::{Arg, Message};

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $exit:ident;)+) => {
        /// Stable codes of faults; `BR-NNNN` is also the identifier of the words in the Fluent files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FaultCode { $($(#[$doc])* #[serde(rename = $number)] $name,)+ }
        impl FaultCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
            /// The code as people see it.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $number,)+ } }
            /// Exit code of a command that ends with this fault.
            #[must_use]
            pub const fn exit(self) -> Exit { match self { $(Self::$name => Exit::$exit,)+ } }
        }
    };
}

faults! {
    /// A file cannot be read.
    FileUnreadable = "BR-1001", Failed;
    /// The file is not a release file, or is cut short or damaged.
    ReleaseDamaged = "BR-1002", Verification;
    /// The signature is missing or wrong.
    SignatureInvalid = "BR-1003", Verification;
    /// The signature is from a key that this host does not trust.
    SignatureForeign = "BR-1004", Verification;
    /// `--yes` on a host that trusts no key yet needs `--publisher-key`.
    PublisherKeyNeeded = "BR-1005", Verification;
    /// The installer's own program is not the one of the signed release.
    InstallerAltered = "BR-1006", Verification;
    /// The release is for another processor.
    WrongArchitecture = "BR-1007", Verification;
    /// The release file ends too early.
    ReleaseIncomplete = "BR-1008", Verification;
    /// The release is older than one that was seen here.
    ReleaseOlder = "BR-1009", Verification;
    /// The release file holds something that nothing signed names.
    ReleaseForeignPart = "BR-1120", Verification;
    /// The release file passes a limit of the format.
    ReleaseTooLarge = "BR-1121", Verification;
    /// Two different releases have one number.
    ReleaseEquivocal = "BR-1122", Verification;
    /// The release is for another platform.
    ReleaseOtherPlatform = "BR-1123", Verification;
    /// The release file is of another format.
    ReleaseOtherFormat = "BR-1124", Verification;
    /// The release is signed, but contradicts itself.
    ReleaseInconsistent = "BR-1125", Verification;
    /// The medium failed while the release file was read.
    MediumFailed = "BR-1126", Failed;
    /// Something else than a release file.
    NotARelease = "BR-1127", Verification;
    /// The host does not meet the requirements.
    PreflightBlocked = "BR-1010", Preflight;
    /// Must be root.
    NotRoot = "BR-1011", Failed;
    /// A confirmation is needed, and nobody can be asked.
    ConfirmationNeeded = "BR-1012", Confirmation;
    /// The site profile is invalid.
    ProfileInvalid = "BR-1013", Usage;
    /// Another release is installed.
    OtherReleaseInstalled = "BR-1014", Failed;
    /// A safe cure of the preflight failed.
    CureFailed = "BR-1015", Failed;
    /// The record of the cures is damaged.
    CureRecordDamaged = "BR-1016", Failed;
    /// The disk is full, or was too small.
    NoSpace = "BR-1020", Failed;
    /// A file of ours cannot be written.
    WriteFailed = "BR-1021", Failed;
    /// The blob store is damaged.
    StoreDamaged = "BR-1022", Failed;
    /// The medium failed while a release was taken in.
    StoreMediumGone = "BR-1023", Failed;
    /// A release that is taken in ended too early.
    StoreStreamEnded = "BR-1024", Verification;
    /// Something else writes to the store.
    StoreBusy = "BR-1025", Busy;
    /// Parts of the store are not what they were.
    StorePartsDamaged = "BR-1026", Verification;
    /// Nobody can tell what is still needed.
    CollectionRefused = "BR-1027", Failed;
    /// The release is the installed one, or running containers use it.
    ReleaseInUse = "BR-1028", Failed;
    /// No such release in the store.
    ReleaseAbsent = "BR-1029", Failed;
    /// A release of the same name and version but with other content is in the store.
    ReleaseConflict = "BR-1130", Verification;
    /// No data came for too long.
    UploadStalled = "BR-1131", Failed;
    /// The file system has no room for more files.
    StoreNoFiles = "BR-1132", Failed;
    /// A repair could not mend everything.
    RepairIncomplete = "BR-1133", Verification;
    /// A release is signed by a key that this host does not trust.
    ReleaseKeyUnknown = "BR-1134", Verification;
    /// A program that Bridle runs failed.
    ProgramFailed = "BR-1030", Failed;
    /// A deadline passed.
    DeadlinePassed = "BR-1031", Failed;
    /// Kubernetes did not start.
    KubernetesNotStarted = "BR-1040", Failed;
    /// The Kubernetes API refused or did not answer.
    KubernetesRefused = "BR-1041", Failed;
    /// A chart could not be applied.
    ChartFailed = "BR-1042", Failed;
    /// Something that a chart made does not become ready.
    WorkloadNotReady = "BR-1043", Failed;
    /// A probe is not green.
    ProbeFailed = "BR-1044", Failed;
    /// The agent does not answer.
    AgentUnreachable = "BR-1050", Unreachable;
    /// Another operation runs.
    OperationRunning = "BR-1051", Busy;
    /// There is no such operation.
    OperationUnknown = "BR-1052", Failed;
    /// The journal is damaged.
    JournalDamaged = "BR-1053", Failed;
    /// The command does not fit the state of the operation.
    CommandRefused = "BR-1054", Failed;
    /// The operation needs a decision of the operator.
    OperatorNeeded = "BR-1055", Failed;
    /// The caller has no right to this.
    Forbidden = "BR-1060", Failed;
    /// The request cannot be understood.
    RequestInvalid = "BR-1061", Usage;
    /// A step had its effect, but the world does not show it.
    EffectMissing = "BR-1070", Failed;
    /// The words on the command line are wrong.
    CommandLineInvalid = "BR-1150", Usage;
    /// There is no such fault or finding to explain.
    TopicUnknown = "BR-1151", Usage;
    /// The removal is not confirmed, and nobody can be asked.
    RemovalUnconfirmed = "BR-1140", Confirmation;
    /// The typed name is not the one of what would be deleted.
    RemovalNameWrong = "BR-1141", Usage;
    /// The host is not as it was when the removal was looked at.
    RemovalChanged = "BR-1142", Failed;
    /// Something is still mounted below what is to be removed.
    StillMounted = "BR-1143", Failed;
    /// The secrets that data depend on cannot be kept.
    SecretsNotKept = "BR-1144", Failed;
    /// The journal was written by a newer version.
    JournalForeign = "BR-1160", Failed;
    /// The account of what was there before cannot be read.
    ReceiptInvalid = "BR-1145", Failed;
    /// A removal that was begun has not come to its end yet.
    RemovalUnfinished = "BR-1146", Busy;
    /// What was removed cannot be taken back.
    RemovalFinal = "BR-1147", Failed;
    /// A file that should hold a publisher's key holds something else.
    KeyFileInvalid = "BR-1170", Usage;
    /// Another installer changes this host.
    InstallerRunning = "BR-1171", Busy;
    /// The record of the releases that were seen is damaged.
    SeenInvalid = "BR-1172", Failed;
    /// The clock says a time before every release.
    ClockWrong = "BR-1173", Failed;
    /// Not a failure: another agent goes on with the operation (`engine::Rest::HandOver`).
    HandOver = "BR-1180", Failed;
    /// The operation is past its commit, and nothing goes back by itself.
    UpgradeCommitted = "BR-1181", Failed;
    /// The release cannot take the place of the one in use.
    UpgradeNoWay = "BR-1182", Failed;
    /// Kubernetes cannot go from one version to the other.
    KubernetesNoWay = "BR-1183", Failed;
    /// The world is another one than when the plan was shown.
    PlanOutdated = "BR-1184", Failed;
    /// Findings stand against the plan.
    UpgradeBlocked = "BR-1185", Preflight;
    /// Nothing is installed that could be changed.
    NothingInstalled = "BR-1186", Failed;
    /// There is no release to go back to.
    NoReleaseBefore = "BR-1187", Failed;
    /// The release is in use already.
    AlreadyInUse = "BR-1188", Failed;
    /// The agent of the release did not come up.
    AgentFellBack = "BR-1189", Failed;
    /// There is no newer release in the store.
    NoNewerRelease = "BR-1190", Failed;
    /// A restore point does not fit.
    RestorePointNoRoom = "BR-1250", Failed;
    /// The copy of the datastore in a restore point is not one.
    RestorePointUnproven = "BR-1251", Failed;
    /// A restore point is not what was kept.
    RestorePointDamaged = "BR-1252", Failed;
    /// Something was not healthy for too long at a stretch after a change.
    SoakAway = "BR-1265", Failed;
    /// Something was healthy and not in turn after a change.
    SoakFlapping = "BR-1266", Failed;
    /// Something cannot become healthy by itself after a change.
    SoakLasting = "BR-1267", Failed;
    /// Health did not hold for long enough in the time that there was.
    SoakLate = "BR-1268", Failed;
    /// A renewal of the applications goes on, not back.
    RecreateFinal = "BR-1270", Failed;
    /// Something of the applications cannot be removed.
    LeftoversStuck = "BR-1271", Failed;
    /// The renewal of the applications is not confirmed, and nobody can be asked.
    RecreateUnconfirmed = "BR-1272", Confirmation;
    /// The platform is not as it was when the renewal was looked at.
    RecreateChanged = "BR-1273", Failed;
    /// A delta where only a whole release is of use.
    DeltaNotWhole = "BR-1200", Verification;
    /// What a delta leaves out is not in the store.
    DeltaBaseMissing = "BR-1201", Verification;
    /// What a delta leaves out is damaged in the store.
    DeltaBaseDamaged = "BR-1202", Verification;
    /// There is no release to list for the publisher.
    NothingToHave = "BR-1203", Failed;
    /// The rehearsal found what would make the upgrade fail.
    RehearsalBlocks = "BR-1220", Preflight;
    /// A command inside a pod failed.
    PodCommandFailed = "BR-1221", Failed;
    /// No pod of a database runs.
    DatabaseUnreachable = "BR-1222", Failed;
    /// The copy of a database passes its limit.
    DumpTooLarge = "BR-1223", Failed;
    /// The copy of a database is not whole.
    DumpIncomplete = "BR-1224", Failed;
    /// What a database answers is not understood.
    DatabaseUnclear = "BR-1225", Failed;
    /// The configuration cannot be applied.
    ConfigurationInvalid = "BR-1230", Usage;
    /// What was typed is no key of the configuration.
    ConfigurationKeyInvalid = "BR-1231", Usage;
    /// There is no such revision of the configuration.
    RevisionUnknown = "BR-1232", Failed;
    /// A revision of the configuration is damaged.
    RevisionDamaged = "BR-1233", Failed;
    /// The configuration is not what it was when the change was looked at.
    ConfigurationChanged = "BR-1234", Failed;
    /// The calendar says that nothing may be disturbed.
    CriticalPeriod = "BR-1235", Failed;
    /// The editor failed or cannot be found.
    EditorFailed = "BR-1237", Failed;
    /// A service of the institution does not answer as it should.
    ServiceFailed = "BR-1238", Failed;
    /// There is no such secret of the site sheet.
    SecretUnknown = "BR-1239", Usage;
    /// What was given as a secret cannot be one.
    SecretInvalid = "BR-1240", Usage;
    /// A sealed password is missing, altered, or was sealed with another key.
    SealedDamaged = "BR-1241", Failed;
    /// The site sheet names no user for this password.
    SecretNotNeeded = "BR-1242", Usage;
    /// A short-lived pod could not be used to ask the services.
    ErrandFailed = "BR-1243", Failed;
    /// A repository of backups does not answer, or breaks off again and again.
    RepositoryUnreachable = "BR-1400", Failed;
    /// A repository refuses the credentials.
    RepositoryForbidden = "BR-1401", Failed;
    /// The clocks of this host and of a repository's server are too far apart.
    RepositoryClock = "BR-1402", Failed;
    /// A repository has no room.
    RepositoryFull = "BR-1403", Failed;
    /// Something is not in a repository that should be.
    RepositoryObjectMissing = "BR-1404", Verification;
    /// Something in a repository is not what was written.
    RepositoryObjectDamaged = "BR-1405", Verification;
    /// Something in a repository has a name already that was to be new.
    RepositoryObjectExists = "BR-1406", Failed;
    /// The medium of a repository is not mounted.
    RepositoryNotMounted = "BR-1407", Failed;
    /// The certificate of a repository's server is not trusted.
    RepositoryUntrusted = "BR-1408", Failed;
    /// The store of a repository failed in another way.
    RepositoryStoreFailed = "BR-1409", Failed;
    /// The key is not the one of the repository.
    RepositoryKeyWrong = "BR-1410", Verification;
    /// There is no repository where one was said to be.
    RepositoryAbsent = "BR-1411", Failed;
    /// There is a repository where a new one was to be made.
    RepositoryPresent = "BR-1412", Failed;
    /// A check found damage in a repository.
    RepositoryDamaged = "BR-1413", Verification;
    /// Something that was to be saved cannot be read.
    SourceUnreadable = "BR-1414", Failed;
    /// Something that was to be saved changes faster than it can be read.
    SourceChanging = "BR-1415", Failed;
    /// A stream that was to be saved has no proof of its end.
    StreamBroken = "BR-1416", Failed;
    /// Nothing is removed from a repository, because something is in doubt.
    PruneRefused = "BR-1417", Failed;
    /// What was restored is not what was saved.
    RestoreUnproven = "BR-1418", Verification;
    /// There is no such snapshot in a repository.
    SnapshotUnknown = "BR-1419", Failed;
    /// A repository could not be used for another reason.
    RepositoryFailed = "BR-1420", Failed;
    /// There is no such upload.
    UploadUnknown = "BR-1280", Failed;
    /// A piece of an upload begins somewhere else than the last one ended.
    UploadOffset = "BR-1281", Failed;
    /// Something else is being done with the upload.
    UploadBusy = "BR-1282", Busy;
    /// There are as many uploads as there may be.
    UploadsTooMany = "BR-1283", Failed;
    /// The uploads that have not ended are too large together.
    UploadsTooLarge = "BR-1310", Failed;
    /// The file is larger than an upload may be.
    UploadTooLarge = "BR-1284", Failed;
    /// The upload does not fit on the disk.
    UploadNoRoom = "BR-1285", Failed;
    /// The upload is not complete.
    UploadIncomplete = "BR-1286", Failed;
    /// No release that could be added was found on any medium.
    NoReleaseFound = "BR-1287", Failed;
    /// Several releases were found, and nobody can be asked.
    ReleaseChoiceNeeded = "BR-1288", Confirmation;
    /// A medium does not answer.
    MediumSilent = "BR-1289", Failed;
    /// There is no restore point whose snapshot could be used.
    NoRestorePoint = "BR-1290", Failed;
    /// There is no restore point of that name.
    RestorePointUnknown = "BR-1291", Usage;
    /// The snapshot of a restore point does not fit the Kubernetes in use.
    SnapshotUnfit = "BR-1292", Preflight;
    /// The return of the cluster to a snapshot must be confirmed by typing a name.
    ClusterRestoreUnconfirmed = "BR-1293", Confirmation;
    /// The typed name is another one.
    ClusterRestoreNameWrong = "BR-1294", Usage;
    /// The plan of the return is not the one that was looked at.
    ClusterRestoreChanged = "BR-1295", Failed;
    /// Something stands against the return.
    ClusterRestoreBlocked = "BR-1296", Preflight;
    /// Once the database has begun to go back, nothing takes that back.
    ClusterRestoreFinal = "BR-1297", Failed;
    /// Kubernetes did not take the snapshot.
    DatastoreNotRestored = "BR-1298", Failed;
    /// Files of a volume are never as whole as their copy must be.
    VolumeChanging = "BR-1300", Failed;
    /// A volume is not where it should be.
    VolumeAbsent = "BR-1301", Failed;
    /// A volume holds what cannot be copied.
    VolumeUnfit = "BR-1302", Failed;
    /// A copy of data in a restore point is not there, or not what was kept.
    CopyDamaged = "BR-1303", Verification;
    /// A stream of data out of a pod has no proof of its end.
    StreamUnproven = "BR-1304", Failed;
    /// Nothing runs that could give the data of a source, or take them.
    SourceUnreachable = "BR-1305", Failed;
    /// A workload did not stop, so its data cannot be replaced.
    WorkloadStays = "BR-1306", Failed;
    /// A recovery code is mistyped.
    RecoveryCodeMistyped = "BR-1440", Usage;
    /// A recovery code does not open this repository.
    RecoveryCodeOther = "BR-1441", Verification;
    /// A backup is not complete in the repository, so there is no set.
    SetIncomplete = "BR-1442", Failed;
    /// Something about the sets of a repository must not be.
    RepositoryAlarm = "BR-1443", Verification;
    /// Somebody else writes to the repository, or may.
    RepositoryOwned = "BR-1445", Failed;
    /// What somebody wants to go back to cannot be restored.
    MomentUnreachable = "BR-1446", Failed;
    /// The repository has another content under the name of a piece of a log.
    LogDiffers = "BR-1447", Verification;
    /// A record of a repository cannot be believed.
    RecordDamaged = "BR-1448", Verification;
    /// A schedule cannot be read.
    ScheduleInvalid = "BR-1449", Usage;
    /// Rules of retention cannot be followed.
    RetentionInvalid = "BR-1450", Usage;
    /// Something of an order about a repository cannot be.
    RepositoryOrderInvalid = "BR-1451", Usage;
    /// There is no repository of that name.
    RepositoryUnknown = "BR-1452", Failed;
    /// The name or the place is another repository's.
    RepositoryNameTaken = "BR-1453", Failed;
    /// A medium belongs in a folder and is not mounted.
    PlaceUnmounted = "BR-1454", Failed;
    /// A folder lies on the disk whose loss it should help against.
    PlaceShared = "BR-1455", Confirmation;
    /// Something else is where a repository was to be.
    PlaceOccupied = "BR-1456", Failed;
    /// A repository that is there opens with its recovery code only.
    RecoveryCodeNeeded = "BR-1457", Confirmation;
    /// What was given as an access key cannot be one.
    CredentialsInvalid = "BR-1458", Usage;
    /// The process that works on repositories ended without an answer.
    WorkerEnded = "BR-1459", Failed;
    /// The process that works on repositories took too long.
    WorkerLate = "BR-1460", Failed;
    /// The process that works on repositories was told to stop.
    WorkerStopped = "BR-1461", Failed;
    /// Something else is being done with repositories.
    RepositoriesBusy = "BR-1462", Busy;
    /// The settings of repositories cannot be read.
    RepositorySettingsDamaged = "BR-1463", Failed;
    /// This host has not the key of a repository any more.
    RepositoryKeyLost = "BR-1464", Failed;
    /// Adding a repository did not come to its end.
    RepositoryUnfinished = "BR-1465", Failed;
    /// There is nothing in a repository that could be recovered.
    RecoveryNothing = "BR-1470", Failed;
    /// A repository has no whole set of this name.
    RecoverySetUnknown = "BR-1471", Usage;
    /// A set is of another release than the file that is run.
    RecoveryOtherRelease = "BR-1472", Failed;
    /// A data source cannot be brought back before there is a cluster.
    RecoverySourceUnfit = "BR-1473", Failed;
    /// What is to be recovered cannot be read on this host.
    RecoveryDamaged = "BR-1474", Failed;
    /// Something inside Bridle is wrong.
    Internal = "BR-1099", Failed;
}

/// Exit codes of every command (`interface.md` §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Failed.
    Failed = 1,
    /// Wrong words on the command line.
    Usage = 2,
    /// The preflight blocks.
    Preflight = 3,
    /// A confirmation is needed and nobody can be asked.
    Confirmation = 4,
    /// Another operation runs.
    Busy = 5,
    /// A verification or signature failed.
    Verification = 6,
    /// Rolled back; the system is healthy on the old version.
    RolledBack = 7,
    /// The way back failed, or was not complete.
    RollbackFailed = 8,
    /// The agent does not answer.
    Unreachable = 9,
    /// The plan would change something (`--detailed-exitcode`).
    WouldChange = 10,
    /// Detached; the operation goes on.
    Detached = 130,
}

impl Exit {
    /// Every exit code.
    pub const ALL: &[Self] = &[
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::Preflight,
        Self::Confirmation,
        Self::Busy,
        Self::Verification,
        Self::RolledBack,
        Self::RollbackFailed,
        Self::Unreachable,
        Self::WouldChange,
        Self::Detached,
    ];
}

/// A fault: code and arguments for the words, and the technical causes, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Stable code.
    pub code: FaultCode,
    /// Arguments of the words.
    pub message: Message,
    /// What exactly, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Message>,
    /// Captured causes (tool output and error chains, at most 4 KiB each), for experts; never secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl Fault {
    /// A fault without arguments.
    #[must_use]
    pub const fn new(code: FaultCode) -> Self {
        Self { code, message: Message::new(code.code()), detail: None, causes: Vec::new() }
    }

    /// Adds an argument of the words.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    /// Says what exactly.
    #[must_use]
    pub fn detail(mut self, detail: Message) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Adds an error and its sources as causes.
    #[must_use]
    pub fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.causes.push(clip(&error.to_string()));
            next = error.source();
            if self.causes.len() >= 16 {
                break;
            }
        }
        self
    }

    /// Whether a step only ended because somebody wanted everything back: waiting ends before its time then.
    #[must_use]
    pub fn was_told_to_stop(&self) -> bool {
        self.code == FaultCode::DeadlinePassed && self.causes.iter().any(|cause| cause == "told to stop")
    }

    /// Adds captured text (the end of a tool's output) as a cause.
    #[must_use]
    pub fn output(mut self, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.causes.push(clip(text.trim()));
        }
        self
    }
}

/// The last 4 KiB of `text`, on a character boundary: the end of an output says what went wrong.
fn clip(text: &str) -> String {
    const LIMIT: usize = 4096;
    if text.len() <= LIMIT {
        return text.to_owned();
    }
    let mut start = text.len() - LIMIT;
    while !text.is_char_boundary(start) {
        start += 1;
    }
    format!("…{}", &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Language;

    #[test]
    fn every_fault_has_words_a_reason_and_a_cure_in_both_languages() {
        for code in FaultCode::ALL {
            let message = Fault::new(*code).message;
            for language in Language::ALL {
                assert_ne!(message.render(language), code.code(), "{} in {language}", code.code());
                for attribute in ["why", "fix"] {
                    assert!(
                        message.render_attribute(language, attribute).is_some(),
                        "{} {attribute} {language}",
                        code.code()
                    );
                }
            }
        }
    }

    #[test]
    fn codes_are_unique() {
        let codes: std::collections::BTreeSet<_> = FaultCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), FaultCode::ALL.len());
    }
}
