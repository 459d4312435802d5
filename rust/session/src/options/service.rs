//! Options of the service.

use super::{OptionKind, OptionSpec};

const fn option(name: &'static str, kind: OptionKind, default: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec { name, kind, unit: "", word: None, default, doc }
}

impl OptionSpec {
    const fn in_unit(self, unit: &'static str) -> OptionSpec {
        OptionSpec { unit, ..self }
    }

    const fn or(self, word: &'static str) -> OptionSpec {
        OptionSpec { word: Some(word), ..self }
    }
}

pub(super) const SERVICE: &[OptionSpec] = &[
    option(
        "target.ratio",
        OptionKind::Number { min: 1.0, max: 1e9 },
        "1000",
        "Bytes of all data as float32 over bytes of the archive. The student is made as large as this allows. \
         Conflicts with the other targets.",
    ),
    option(
        "target.psnr",
        OptionKind::Number { min: 1.0, max: 300.0 },
        "",
        "Quality that the archive is to reach against the data, over all steps of a variable: the smallest student found that \
         reaches it is kept, or the steps of the journal where those are smaller. Conflicts with the other targets.",
    )
    .in_unit("dB"),
    option(
        "target.max_error",
        OptionKind::Number { min: 0.0, max: f64::INFINITY },
        "",
        "Largest absolute error that any value may have, in the units of the values; 0 keeps every bit. The archive is as large \
         as that takes. Conflicts with the other targets.",
    ),
    option(
        "target.max_relative_error",
        OptionKind::Number { min: 0.0, max: 1.0 },
        "",
        "Largest error that any value may have, as a share of the range (largest less smallest value) of its block at its step. \
         Conflicts with the other targets.",
    ),
    option(
        "open.mode",
        OptionKind::Choice(&["create", "append", "replace"]),
        "create",
        "What to do with a run that exists: create refuses it, append continues it (steps that are durable are \
         skipped), replace removes it.",
    ),
    option(
        "nonfinite",
        OptionKind::Choice(&["error", "mask"]),
        "error",
        "What to do with NaN and infinities: error refuses the block, mask keeps their positions losslessly.",
    ),
    option(
        "queue.policy",
        OptionKind::Choice(&["spill", "block", "drop", "error"]),
        "spill",
        "What happens to a step that finds no room in memory: spill writes waiting blocks to queue.spill_dir and blocks \
         when that is full, block waits, drop gives the step up, error refuses it.",
    ),
    option(
        "queue.bytes",
        OptionKind::Bytes { min: 1 },
        "auto",
        "Memory for copies of the simulation's arrays: those that wait and those that are worked on. auto: three steps, \
         at least 256 MiB.",
    )
    .in_unit("bytes")
    .or("auto"),
    option(
        "queue.spill_dir",
        OptionKind::Path,
        "",
        "Directory to spill to, best on a disk of the node; empty: the system's temporary directory (TMPDIR).",
    ),
    option("queue.spill_bytes", OptionKind::Bytes { min: 0 }, "16GiB", "Most bytes to spill.").in_unit("bytes"),
    option(
        "workers.threads",
        OptionKind::Integer { min: 1, max: 4096 },
        "auto",
        "Threads that train while the simulation runs, all workers together. auto: the cores this process may use, less \
         one for the simulation.",
    )
    .or("auto"),
    option(
        "workers.cores",
        OptionKind::Cores,
        "",
        "Cores that the workers are bound to; empty: those that the process may use, as the system likes.",
    ),
    option(
        "workers.nice",
        OptionKind::Integer { min: 0, max: 19 },
        "10",
        "Nice level of the workers: the higher, the more they give way to the simulation.",
    ),
    option(
        "device",
        OptionKind::Name,
        "auto",
        "What the networks are trained on: cpu; gpu: the GPUs of the node, an error if there is none; auto: GPUs if this build can use them \
         and there are any, else the CPU; or a part of a device's name (software devices only so). With :1 behind it, the second of those \
         only. Ranks of a node take its devices in turn, a rank's blocks those of the rank. Devices never change during a run: if one \
         fails, its steps are kept losslessly.",
    ),
    option(
        "workers.device_memory",
        OptionKind::Bytes { min: 1 << 20 },
        "2GiB",
        "Most bytes of a device's memory. A block that does not fit is trained in pieces.",
    )
    .in_unit("bytes"),
    option(
        "journal.dir",
        OptionKind::Path,
        "",
        "Directory for the journal of a running simulation, may be on a disk of the node; empty: run.lbk.d beside the \
         archive.",
    ),
    option(
        "journal.sync",
        OptionKind::Choice(&["process", "node"]),
        "process",
        "What a durable step survives: process: the end of this process, however it ends (frames are handed to the \
         system); node: also the end of the node (frames are on the disk).",
    ),
    option(
        "journal.steps",
        OptionKind::Choice(&["networks", "streams"]),
        "networks",
        "What the journal keeps of a step, with target.ratio: networks are teachers, fitted while the run goes on, and take little \
         memory at its end. streams are the values to about 0.03 % of the range, taken in a tenth of the time; the student then learns \
         from nearly the data themselves, but their decoded values must fit into distil.bytes. The other targets have streams.",
    ),
    option("journal.keep", OptionKind::Flag, "true", "Keep the journal after the archive was written."),
    option(
        "distil.when",
        OptionKind::Choice(&["close", "never"]),
        "close",
        "When to distil: at close, or never, to be done later as a batch job (`limbeck distill`).",
    ),
    option(
        "distil.incomplete",
        OptionKind::Flag,
        "false",
        "Distil steps at the end of the run that miss some blocks too, say those that went on when a process had died; what is \
         missing is told, and the student has no data there.",
    ),
    option(
        "student.scope",
        OptionKind::Choice(&["global", "shard"]),
        "global",
        "global: one student for the whole domain, trained by all processes together. shard: one for the blocks of each \
         process, trained without any communication; worse at the same size.",
    ),
    option(
        "distil.time_limit",
        OptionKind::Number { min: 0.0, max: 1e9 },
        "none",
        "Time that the distillation of all variables may take; it stops early with what was reached.",
    )
    .in_unit("s")
    .or("none"),
    option(
        "distil.threads",
        OptionKind::Integer { min: 1, max: 4096 },
        "auto",
        "Threads that distil. auto: the cores this process may use.",
    )
    .or("auto"),
    option(
        "distil.bytes",
        OptionKind::Bytes { min: 0 },
        "256MiB",
        "Memory for decoded teachers during distillation: what is coded plainly and what the teachers' frames hold.",
    )
    .in_unit("bytes"),
    option(
        "monitor.address",
        OptionKind::Address,
        "off",
        "Where the run can be watched while it goes on, over HTTP: a page at /, /status.json, /metrics for Prometheus and \
         /slice.png. A port alone is one of the loopback (127.0.0.1), 0 is any free port; run.lbk.d/monitor-00000.json says which \
         was taken. A port that is taken is a warning and no more. There is no password: an address that others can reach shows \
         them the run.",
    )
    .or("off"),
    option(
        "monitor.ranks",
        OptionKind::Choice(&["first", "all"]),
        "first",
        "Which processes of a run with MPI can be watched: the first one, or all of them, each at the port given plus its rank. \
         Every process knows its own blocks only.",
    ),
];
