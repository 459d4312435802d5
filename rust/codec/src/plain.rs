//! The values themselves, losslessly packed: what a step is kept as when no network could be fitted to it.

use limbeck_field::{ElementType, Extent, Region, Values, Volume};

use crate::method::differences;
use crate::{BlockDecoder, BlockGeometry, Error, Result, packing};

/// One block decoded from [`encode`]'s bytes.
#[derive(Clone, Debug)]
pub struct PlainBlock {
    extent: Extent,
    values: Values,
}

/// Layout of the payload; leads it.
const VERSION: u8 = 1;

/// How the bytes after the header are packed.
const STORED: u8 = 0;
const ZSTD: u8 = 1;

/// Speed matters more than size here: the worker that comes to this has already lost time.
const LEVEL: i32 = 3;

/// A volume as bytes, exactly, every bit of NaN included. Never fails: what cannot be packed is stored.
///
/// ```text
/// u8   version (1)
/// u8   bytes of a value: 4 or 8
/// u8   number of axes R, 1 to 3
/// u8   number of differenced axes D, 0 to R
/// u8   packing: 0 stored, 1 one zstd frame
/// R x  u64 values along each axis, slowest first
///      planes: byte k of all values, for k from the least significant; packed
/// ```
///
/// The bit patterns are first mapped to integers in the order of the numbers (negative values complemented, the sign
/// bit of the others set). Along each of the last D axes, fastest first, each integer is replaced by its difference
/// (modulo the word) to its predecessor along that axis, and at last the sign of each is folded into its lowest bit.
/// The encoder takes the D that leaves the fewest significant bits.
pub fn encode(volume: &Volume) -> Vec<u8> {
    let mut bytes = vec![VERSION, volume.values.element_type().size() as u8, volume.count.len() as u8, 0, ZSTD];
    bytes.extend(volume.count.iter().flat_map(|&c| (c as u64).to_le_bytes()));
    let (axes, planes) = match &volume.values {
        Values::Float32(v) => words_to_planes(v.iter().map(|v| v.to_bits()).collect::<Vec<u32>>(), &volume.count),
        Values::Float64(v) => words_to_planes(v.iter().map(|v| v.to_bits()).collect::<Vec<u64>>(), &volume.count),
    };
    bytes[3] = axes;
    match packing::pack(&planes, LEVEL).filter(|packed| packed.len() < planes.len()) {
        Some(packed) => bytes.extend(packed),
        None => {
            bytes[4] = STORED;
            bytes.extend(planes);
        }
    }
    bytes
}

impl PlainBlock {
    /// Back from [`encode`].
    ///
    /// # Errors
    /// `Compatibility` for a layout of a later version, `Corruption` if the bytes are not a block of this geometry.
    /// Memory is allocated only in proportion to `payload` (zstd's largest ratio) and to the block.
    pub fn decode(geometry: &BlockGeometry, payload: &[u8]) -> Result<PlainBlock> {
        let damaged = |why: &str| Error::Corruption(format!("a plain block is damaged: {why}"));
        let (head, rest) = payload.split_at_checked(5).ok_or_else(|| damaged("it ends in its header"))?;
        let [version, size, rank, axes, packing] = [head[0], head[1], head[2], head[3], head[4]];
        if version != VERSION {
            return Err(Error::Compatibility(format!("plain layout {version} is unknown to this version of limbeck")));
        }
        let count = &geometry.extent.count;
        if usize::from(size) != geometry.element_type.size() || usize::from(rank) != count.len() || axes > rank {
            return Err(damaged("its type or number of axes is not that of its variable"));
        }
        let (stored, packed) = rest.split_at_checked(8 * count.len()).ok_or_else(|| damaged("it ends in its shape"))?;
        let same = |(stored, &c): (&[u8], &usize)| stored == (c as u64).to_le_bytes();
        if !stored.chunks_exact(8).zip(count).all(same) {
            return Err(damaged("its shape is not that of its block"));
        }
        let expected = count.iter().try_fold(geometry.element_type.size(), |n, &c| n.checked_mul(c));
        let expected = expected.ok_or_else(|| damaged("its shape is larger than the address space"))?;
        let planes = match packing {
            STORED if packed.len() == expected => packed.to_vec(),
            STORED => return Err(damaged("it has another number of bytes than its shape says")),
            ZSTD => packing::unpack(packed, expected)?,
            _ => return Err(damaged("its packing is unknown")),
        };
        let axes = usize::from(axes);
        let values = match geometry.element_type {
            ElementType::Float32 => {
                Values::Float32(planes_to_words::<u32>(&planes, count, axes).into_iter().map(f32::from_bits).collect())
            }
            ElementType::Float64 => {
                Values::Float64(planes_to_words::<u64>(&planes, count, axes).into_iter().map(f64::from_bits).collect())
            }
        };
        Ok(PlainBlock { extent: geometry.extent.clone(), values })
    }

    pub(crate) fn of_values(extent: Extent, values: Values) -> PlainBlock {
        PlainBlock { extent, values }
    }

    /// The values of the whole block, bit for bit, C order.
    pub fn values(&self) -> &Values {
        &self.values
    }
}

impl BlockDecoder for PlainBlock {
    /// Exactly the values handed in; those of single precision are widened (a signalling NaN becomes a quiet one).
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        let every = check_decode(&self.extent, region, out)?;
        let rows = region.for_each_row(&self.extent, |first, row| {
            let out = out[row].iter_mut();
            match &self.values {
                Values::Float32(v) => out.zip(v[first..].iter().step_by(every)).for_each(|(o, &v)| *o = f64::from(v)),
                Values::Float64(v) => out.zip(v[first..].iter().step_by(every)).for_each(|(o, &v)| *o = v),
            }
        });
        rows.map_err(|e| Error::InvalidArgument(e.to_string()))
    }

    /// Multilinear between the grid points, exact at them and never beyond the values around. Points outside the block
    /// get the value at its nearest point, points that are not finite numbers NaN.
    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        check_sample(&self.extent, points, out)?;
        for (point, o) in points.chunks_exact(self.extent.rank()).zip(out) {
            *o = self.interpolate(point);
        }
        Ok(())
    }

    /// Central differences over one grid step, at the faces one-sided over half of one.
    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        differences(|p, out| self.sample(p, out), Some(&self.extent), points, values, derivatives)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl PlainBlock {
    fn interpolate(&self, point: &[f64]) -> f64 {
        if !point.iter().all(|p| p.is_finite()) {
            return f64::NAN;
        }
        let rank = self.extent.rank();
        let mut value = None;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for upper_axes in 0..1usize << rank {
            let (mut linear, mut weight) = (0, 1.0);
            for (a, p) in point.iter().enumerate() {
                let n = self.extent.count[a];
                let p = (p - self.extent.offset[a] as f64).clamp(0.0, (n - 1) as f64);
                let below = p as usize;
                let (upper, t) = (upper_axes >> a & 1 == 1, p - below as f64);
                weight *= if upper { t } else { 1.0 - t };
                linear = linear * n + (below + usize::from(upper)).min(n - 1);
            }
            // Corners without weight do not count: next to them, NaN would otherwise reach exact grid points.
            if weight != 0.0 {
                let corner = self.values.get(linear);
                (low, high) = (low.min(corner), high.max(corner));
                let term = weight * corner;
                value = Some(value.map_or(term, |sum: f64| sum + term));
            }
        }
        // Rounding must neither leave the range of the corners nor overflow next to the largest numbers.
        value.map_or(f64::NAN, |v| if v.is_nan() { v } else { v.clamp(low, high) })
    }
}

/// Checks the arguments of a decode and returns the distance between points along the last axis.
pub(crate) fn check_decode(extent: &Extent, region: &Region, out: &[f64]) -> Result<usize> {
    region.check_inside(extent).map_err(|e| Error::InvalidArgument(e.to_string()))?;
    if region.len() != out.len() {
        let (points, room) = (region.len(), out.len());
        return Err(Error::InvalidArgument(format!("a region of {points} points does not fit a buffer for {room}")));
    }
    Ok(region.every.last().copied().unwrap_or(1))
}

/// Checks that `points` are as many points as `out` has room for.
pub(crate) fn check_sample(extent: &Extent, points: &[f64], out: &[f64]) -> Result<()> {
    let fits = out.len().checked_mul(extent.rank()) == Some(points.len());
    if !fits || extent.rank() == 0 || extent.is_empty() {
        return Err(Error::InvalidArgument(format!(
            "{} coordinates are not {} points of {} axes in a block of {:?}",
            points.len(),
            out.len(),
            extent.rank(),
            extent.count
        )));
    }
    Ok(())
}

/// The bit patterns of the two element types.
trait Word: Copy {
    const SIZE: usize;
    /// Bit pattern of a number to an integer of the same order, and back.
    fn ordered(self) -> Self;
    fn unordered(self) -> Self;
    /// Difference with its sign in the lowest bit, and back.
    fn fold(self) -> Self;
    fn unfold(self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    /// Bits up to the highest one that is set.
    fn significant(self) -> u32;
    fn byte(self, k: usize) -> u8;
    fn or_byte(self, k: usize, byte: u8) -> Self;
}

macro_rules! word {
    ($unsigned:ty, $signed:ty) => {
        impl Word for $unsigned {
            const SIZE: usize = size_of::<$unsigned>();
            fn ordered(self) -> Self {
                const SIGN: $unsigned = 1 << (<$unsigned>::BITS - 1);
                if self & SIGN != 0 { !self } else { self | SIGN }
            }
            fn unordered(self) -> Self {
                const SIGN: $unsigned = 1 << (<$unsigned>::BITS - 1);
                if self & SIGN != 0 { self & !SIGN } else { !self }
            }
            fn fold(self) -> Self {
                self << 1 ^ (self as $signed >> (<$unsigned>::BITS - 1)) as $unsigned
            }
            fn unfold(self) -> Self {
                self >> 1 ^ (self & 1).wrapping_neg()
            }
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            fn significant(self) -> u32 {
                <$unsigned>::BITS - self.leading_zeros()
            }
            fn byte(self, k: usize) -> u8 {
                (self >> (8 * k)) as u8
            }
            fn or_byte(self, k: usize, byte: u8) -> Self {
                self | <$unsigned>::from(byte) << (8 * k)
            }
        }
    };
}
word!(u32, i32);
word!(u64, i64);

/// Number of differenced axes, and the planes.
fn words_to_planes<W: Word>(mut words: Vec<W>, count: &[usize]) -> (u8, Vec<u8>) {
    words.iter_mut().for_each(|w| *w = w.ordered());
    let cost = |words: &[W]| words.iter().map(|w| u64::from(w.fold().significant())).sum::<u64>();
    let (mut least, mut axes) = (cost(&words), 0);
    for axis in (0..count.len()).rev() {
        // One more axis is tried only if the last one paid, so at most one has to be undone.
        difference(&mut words, count, axis);
        let now = cost(&words);
        if now >= least {
            accumulate(&mut words, count, axis);
            break;
        }
        (least, axes) = (now, axes + 1);
    }
    let mut planes = vec![0; words.len() * W::SIZE];
    if !words.is_empty() {
        for (k, plane) in planes.chunks_exact_mut(words.len()).enumerate() {
            plane.iter_mut().zip(&words).for_each(|(b, w)| *b = w.fold().byte(k));
        }
    }
    (axes, planes)
}

fn planes_to_words<W: Word + Default>(planes: &[u8], count: &[usize], axes: usize) -> Vec<W> {
    let n = planes.len() / W::SIZE;
    let mut words = vec![W::default(); n];
    if n > 0 {
        for (k, plane) in planes.chunks_exact(n).enumerate() {
            words.iter_mut().zip(plane).for_each(|(w, &b)| *w = w.or_byte(k, b));
        }
    }
    words.iter_mut().for_each(|w| *w = w.unfold());
    for axis in count.len() - axes..count.len() {
        accumulate(&mut words, count, axis);
    }
    words.iter_mut().for_each(|w| *w = w.unordered());
    words
}

/// Replaces each word by its difference to the one before it along an axis; the first ones stay.
fn difference<W: Word>(words: &mut [W], count: &[usize], axis: usize) {
    let pitch: usize = count[axis + 1..].iter().product();
    for slab in words.chunks_exact_mut((pitch * count[axis]).max(1)) {
        for i in (pitch..slab.len()).rev() {
            slab[i] = slab[i].minus(slab[i - pitch]);
        }
    }
}

/// Undoes [`difference`].
fn accumulate<W: Word>(words: &mut [W], count: &[usize], axis: usize) {
    let pitch: usize = count[axis + 1..].iter().product();
    for slab in words.chunks_exact_mut((pitch * count[axis]).max(1)) {
        for i in pitch..slab.len() {
            slab[i] = slab[i].plus(slab[i - pitch]);
        }
    }
}

#[cfg(test)]
mod tests;
