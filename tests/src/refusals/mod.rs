//! Everything that an installation must refuse: damaged and hostile release files, hosts that do not fit, slips on the
//! command line. Each refusal is judged the same way: exit code, code, sentence, reason, cure in both languages, and a host
//! that is as it was.
//!
//! * [`release`]: small signed releases whose every part can be altered before it is signed.
//! * [`archive`]: release files entry by entry, hostile ones included.
//! * [`hostile`]: the files that the publisher never made, by name.
//! * [`damage`]: places where a file is cut or one bit of it is turned.
//! * [`bench`]: the host on which all of it is tried; [`cases`]: what is tried there.

pub mod archive;
pub mod bench;
pub mod cases;
pub mod damage;
pub mod harness;
pub mod hostile;
pub mod installer;
pub mod release;
pub mod verdict;
