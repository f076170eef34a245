//! The tensors of a network as safetensors, under the names that PyTorch's modules would give them.

use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::about::About;
use crate::checked::Checked;
use crate::error::Error;
use crate::tensors::{Values, tensors};
use crate::trained::Trained;

/// The one key of the file's metadata. Its value is JSON: `producer`, `producer_version`, `image`, `output`,
/// `classes`, `normalization` (`mean`, `deviation`, `pixel_scale`, or null), `counts` (`params`, `macs`) of
/// the network, those of what is `written`, `parameters_left_out`.
// One key only: the library writes several in an order that changes from run to run.
pub const METADATA_KEY: &str = "tamis";

const FORM: &str = "safetensors";

/// A network's tensors as a safetensors file: parameters, and `running_mean`, `running_var` and
/// `num_batches_tracked` of each batch norm, of the layers that the main output needs. It loads strictly into
/// what [`crate::pytorch()`] writes.
///
/// # Errors
///
/// [`Error`] if the parts of `trained` do not fit each other or two tensors have one name.
pub fn safetensors(trained: &Trained<'_>) -> Result<Vec<u8>, Error> {
    let network = Checked::new(trained)?;
    let about = serde_json::to_string(&About::of(&network)).map_err(refused)?;
    let mut tensors = tensors(&network);
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = tensors.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let (name, expected) = (pair[0].name.clone(), "another name for each tensor");
        return Err(Error::Name { form: FORM, name, expected });
    }
    let data: Vec<(Dtype, Vec<u8>)> = tensors.iter().map(|tensor| bytes(&tensor.values)).collect();
    let views = tensors.iter().zip(&data).map(|(tensor, (kind, bytes))| {
        Ok((tensor.name.as_str(), TensorView::new(*kind, tensor.shape.clone(), bytes)?))
    });
    let views: Result<Vec<_>, safetensors::SafeTensorError> = views.collect();
    let metadata = [(METADATA_KEY.to_owned(), about)].into_iter().collect();
    views.and_then(|views| serialize(views, Some(metadata))).map_err(refused)
}

fn bytes(values: &Values) -> (Dtype, Vec<u8>) {
    match values {
        Values::Floats(values) => {
            (Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        Values::Integer(value) => (Dtype::I64, value.to_le_bytes().to_vec()),
    }
}

fn refused(error: impl std::error::Error) -> Error {
    Error::Library { form: FORM, message: error.to_string() }
}
