//! What the tests of the publisher's commands need: a bench with a release source, the stock registry, a front before it
//! that fails on demand, a proxy, and images to push.

pub mod bench;
pub mod front;
pub mod image;
pub mod proxy;
pub mod stock;
pub mod tokens;
pub mod wire;

pub use bench::{Bench, RELEASE};
pub use front::{Front, Rules};
pub use image::{Image, Index};
pub use proxy::Proxy;
pub use stock::{PASSWORD, Stock, USER};
pub use tokens::Tokens;
