//! Write-ahead logs of PostgreSQL in a repository: names, arithmetic, gaps, what can be restored, how far behind.

pub mod base_backup;
pub mod history;
pub mod lag;
pub mod lanes;
pub mod name;
pub mod object;
pub mod prune;
pub mod range;
pub mod spool;
pub mod view;
