//! Write-ahead logs of PostgreSQL in a repository: names, arithmetic, gaps, what can be restored, how far behind.

pub mod history;
pub mod name;
