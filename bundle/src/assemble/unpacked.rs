//! The tar stream of a layer, unpacked within limits: a small blob from a registry must fill neither memory nor time.

use std::fs::File;
use std::io::{self, Read};

use bridle_core::oci::Descriptor;

/// Largest window of a pulled layer, as power of two: 128 MiB, what zstd's own decoder takes unasked
/// (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`); levels 20 to 22 use up to that much, and containerd unpacks them.
const WINDOW_LOG: u32 = 27;

/// Largest layer unpacked, in bytes.
const LARGEST: u64 = 64 << 30;
/// Largest ratio of unpacked to packed size; deflate reaches 1032.
const RATIO: u64 = 1100;
/// Up to here, in bytes, any ratio will do: a layer of zeros is odd, but harmless.
const HARMLESS: u64 = 256 << 20;

/// A layer on its way out of its packing, and the number of bytes at which it is cut off.
pub(super) fn open(file: File, layer: &Descriptor) -> io::Result<io::Take<Box<dyn Read>>> {
    let stream: Box<dyn Read> = if layer.media_type.ends_with("zstd") {
        let mut decoder = zstd::stream::read::Decoder::new(file)?;
        // A site needs as much memory for each layer that it unpacks at a time.
        decoder.window_log_max(WINDOW_LOG)?;
        Box::new(decoder)
    } else if layer.media_type.ends_with("gzip") {
        Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(file)))
    } else {
        Box::new(file)
    };
    Ok(stream.take(limit(layer.size)))
}

/// Most bytes that a layer of `packed` bytes may unpack to.
fn limit(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).clamp(HARMLESS, LARGEST)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use bridle_core::digest::Digest;

    use super::*;

    fn layer(kind: &str, bytes: &[u8]) -> (File, Descriptor) {
        let mut file = tempfile::tempfile().expect("file");
        file.write_all(bytes).expect("write");
        file.rewind().expect("rewind");
        let kind = format!("application/vnd.oci.image.layer.v1.tar+{kind}");
        (file, Descriptor::new(&kind, Digest::of(bytes), bytes.len() as u64))
    }

    fn unpack(kind: &str, bytes: &[u8]) -> io::Result<u64> {
        let (file, descriptor) = layer(kind, bytes);
        io::copy(&mut open(file, &descriptor)?, &mut io::sink())
    }

    fn packed(window: u32, zeros: u64) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("encoder");
        encoder.set_parameter(zstd::stream::raw::CParameter::WindowLog(window)).expect("window");
        io::copy(&mut io::repeat(0).take(zeros), &mut encoder).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn a_giant_window_is_refused() {
        assert_eq!(unpack("zstd", &packed(WINDOW_LOG, 20 << 20)).expect("as large as allowed"), 20 << 20);
        assert!(unpack("zstd", &packed(WINDOW_LOG + 1, 20 << 20)).is_err());
    }

    #[test]
    fn a_bomb_is_cut_off() {
        let bomb = packed(WINDOW_LOG, HARMLESS + (1 << 20));
        assert!((bomb.len() as u64) < HARMLESS / RATIO);
        assert_eq!(unpack("zstd", &bomb).expect("cut off"), HARMLESS);
        assert_eq!([limit(0), limit(1 << 20), limit(u64::MAX)], [HARMLESS, 1100 << 20, LARGEST]);
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let whole = packed(WINDOW_LOG, 1 << 20);
        assert!(unpack("zstd", &whole[..whole.len() - 1]).is_err());
        assert!(unpack("gzip", &whole).is_err());
    }
}
