//! Networks that belong to no search space.

mod autoencoder;
mod resnet;

pub use autoencoder::{AutoencoderShape, autoencoder};
pub use resnet::resnet;
