//! Where a release file is cut, and which bits of it are turned.

use super::archive::Piece;

/// `count` lengths to cut a file of these pieces to, the longest first: each behind `head` bytes, spread evenly, with the
/// places where the file changes its nature among them.
#[must_use]
pub fn cuts(pieces: &[Piece], head: usize, count: usize) -> Vec<usize> {
    let end = pieces.last().map_or(0, |piece| piece.start + piece.length);
    let inner = pieces.iter().filter(|piece| piece.start >= head);
    // At the beginning of a piece and in its middle; the last bytes of the file.
    let mut edges: Vec<usize> = inner.flat_map(|piece| [piece.start, piece.start + piece.length / 2]).collect();
    edges.extend([end - 1, end - 2, end - 63, end - 64, end - 65]);
    edges.retain(|cut| (head..end).contains(cut));
    edges.sort_unstable();
    edges.dedup();
    // More edges than cuts: every so many of them.
    let kept = (count / 2).min(edges.len());
    let mut cuts: Vec<usize> = (0..kept).map(|number| edges[number * edges.len() / kept]).collect();
    let mut step = 1;
    while cuts.len() < count && step < end - head {
        // Fractions of the golden ratio fall evenly, and never on one another.
        let fraction = (step as f64 * 0.618_033_988_749_895).fract();
        let cut = head + (fraction * (end - head) as f64) as usize;
        if !cuts.contains(&cut) {
            cuts.push(cut);
        }
        step += 1;
    }
    cuts.sort_unstable_by(|one, other| other.cmp(one));
    cuts
}

/// The middle of each piece: what it is, and which byte has a bit turned.
pub fn flips(pieces: &[Piece]) -> impl Iterator<Item = (&str, usize)> {
    pieces.iter().map(|piece| (piece.what.as_str(), piece.start + piece.length / 2))
}

#[cfg(test)]
mod tests {
    use super::super::archive::{Entry, run_file};
    use super::*;

    #[test]
    fn a_hundred_cuts_are_a_hundred_places_with_the_edges() {
        let entries: Vec<_> = (0..9).map(|number| Entry::file(format!("e{number}"), vec![1; 700])).collect();
        let (bytes, pieces) = run_file(&[7; 5000], &entries);
        let cuts = cuts(&pieces, 5000, 100);
        assert_eq!(cuts.len(), 100);
        assert!(cuts.windows(2).all(|pair| pair[0] > pair[1]), "{cuts:?}");
        assert!(cuts.iter().all(|cut| (5000..bytes.len()).contains(cut)));
        assert!(cuts[0] >= bytes.len() - 64, "the footer");
        let covered = |piece: &Piece| cuts.iter().any(|cut| (piece.start..piece.start + piece.length).contains(cut));
        let large = pieces.iter().filter(|piece| piece.start >= 5000 && piece.length >= 512);
        assert!(large.clone().count() > 10 && large.clone().all(covered), "{cuts:?}");
    }

    #[test]
    fn each_piece_has_its_flip() {
        let (_, pieces) = run_file(b"head", &[Entry::file("a", "x")]);
        let names: Vec<&str> = flips(&pieces).map(|(what, _)| what).collect();
        assert_eq!(names.len(), pieces.len());
        assert!(names.contains(&"content of a") && names.contains(&"checksum of the footer"));
    }
}
