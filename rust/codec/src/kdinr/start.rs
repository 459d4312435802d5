//! What a student begins its training from.

use limbeck_field::Extent;
use limbeck_network::{Architecture, Network};

use super::block::NetworkBlock;
use super::coordinates::{AxisMap, Folds};
use crate::ranks::agree;
use crate::{BlockDecoder, DistilTask, Result};

/// Begins from the middle teacher of the first block: its parameters become the leading rows and columns of every
/// layer. The time input and additional neurons keep their random start; the last layer ignores the latter at first.
/// Collective: the lowest rank that has the teacher gives the start to all.
pub(crate) fn inherit(start: &mut Network, task: &DistilTask<'_>, folds: Folds) -> Result<()> {
    let (ranks, middle) = (task.ranks, task.present[task.present.len() / 2]);
    let own = if (task.here)(ranks.rank(), 0) { task.teachers.teacher(middle, 0) } else { Ok(None) };
    let own = agree(ranks, own)?;
    let mut vote = [own.as_ref().map_or(0.0, |_| (ranks.size() - ranks.rank()) as f64)];
    ranks.max_f64(&mut vote)?;
    if vote[0] == 0.0 {
        return Ok(());
    }
    if let Some(teacher) = own {
        grow(start, teacher.as_ref(), task.extent, folds);
    }
    let mut bytes: Vec<u8> = bytemuck::cast_slice(&start.parameters).to_vec();
    ranks.broadcast(ranks.size() - vote[0] as usize, &mut bytes)?;
    for (p, b) in start.parameters.iter_mut().zip(bytes.chunks_exact(4)) {
        *p = bytemuck::pod_read_unaligned(b);
    }
    Ok(())
}

/// Without weights for the time, which is 0 in a segment of one step: they would learn nothing and take bytes.
pub(crate) fn stand_still(start: &mut Network) {
    let first = start.layers()[0];
    start.parameters[first.weight_range()].chunks_exact_mut(first.inputs).for_each(|row| row[0] = 0.0);
}

/// For each axis, what leads from the (folded) coordinate in `whole` to that in `part`: factor and summand.
fn between(whole: (&Extent, Folds), part: (&Extent, Folds)) -> Vec<(f32, f32)> {
    let maps = AxisMap::of(whole.0, whole.1).into_iter().zip(AxisMap::of(part.0, part.1));
    let axis = |(whole, part): (AxisMap, AxisMap)| {
        let (Some((a, b)), Some((c, d))) = (whole.linear(), part.linear()) else { return (1.0, 0.0) };
        // j = (x - b) / a in the whole, and d + c (j + offset) in the part.
        let offset = whole.offset() - part.offset();
        ((c / a) as f32, (d + c * (offset - b / a)) as f32)
    };
    maps.map(axis).collect()
}

/// Puts a teacher's parameters into those of a student over `extent`, where their architectures allow it. The first layer
/// is rewritten from the coordinates of the teacher's block to those of the student.
fn grow(start: &mut Network, teacher: &dyn BlockDecoder, extent: &Extent, folds: Folds) {
    let Some(block) = teacher.as_any().downcast_ref::<NetworkBlock>() else { return };
    // What a folded axis means cannot be said without folding it.
    if block.stored.folds.any() && (block.stored.folds != folds || block.extent != *extent) {
        return;
    }
    let teacher_folds = block.stored.folds;
    let teacher = &block.stored.network;
    let (from, to) = (teacher.layers(), start.layers());
    let fits = |(f, t): (&limbeck_network::Layer, &limbeck_network::Layer)| {
        f.outputs <= t.outputs && f.inputs <= t.inputs && f.activation == t.activation && f.residual == t.residual
    };
    let comparable = matches!(
        (teacher.architecture(), start.architecture()),
        (Architecture::Siren { .. }, Architecture::Siren { .. })
            | (Architecture::Residual { .. }, Architecture::Residual { .. })
            | (Architecture::KdInr { .. }, Architecture::KdInr { .. })
    );
    if from.len() != to.len() || !comparable || !from.iter().zip(&to).all(fits) {
        return;
    }
    for (index, (f, t)) in from.iter().zip(&to).enumerate() {
        let skip = if index == 0 { t.inputs - f.inputs } else { 0 };
        for o in 0..f.outputs {
            let row = &mut start.parameters[t.weights + o * t.inputs..][..t.inputs];
            if index > 0 {
                row.fill(0.0);
            } else {
                row[..skip].iter_mut().for_each(|w| *w *= 0.1);
            }
            row[skip..skip + f.inputs].copy_from_slice(&teacher.parameters[f.weights + o * f.inputs..][..f.inputs]);
            start.parameters[t.biases + o] = teacher.parameters[f.biases + o];
            if index == 0 {
                for (a, (scale, shift)) in
                    between((extent, folds), (&block.extent, teacher_folds)).into_iter().enumerate()
                {
                    let w = &mut start.parameters[t.weights + o * t.inputs + skip + a];
                    let (scaled, moved) = (*w * scale, *w * shift);
                    *w = scaled;
                    start.parameters[t.biases + o] += moved;
                }
            }
        }
    }
}
