# Stages of a script: each is announced and timed, and the one that fails is named. Sourced by the scripts beside it.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
script="ci/$(basename "$0")"

# Where cargo builds: outside the checkout, so that a fresh clone finds what an earlier one built.
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/limbeck/target}"
case "$CARGO_TARGET_DIR" in /*) ;; *) CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR" ;; esac
export CARGO_TARGET_DIR

# A toolchain that ci/setup installs is not on the caller's path yet.
cargo_bin="${CARGO_HOME:-$HOME/.cargo}/bin"
case ":$PATH:" in *":$cargo_bin:"*) ;; *) export PATH="$cargo_bin:$PATH" ;; esac

# mpi_wrappers: sets wrappers to the compiler of each MPI that is installed, Open MPI and MPICH under Debian's names, else
# mpicc; MPICC names one and no other.
mpi_wrappers() {
    local wrapper
    wrappers=()
    if [ -n "${MPICC:-}" ]; then
        wrappers=("$MPICC")
        return
    fi
    for wrapper in mpicc.openmpi mpicc.mpich; do
        if type -P "$wrapper" >/dev/null; then wrappers+=("$wrapper"); fi
    done
    if [ ${#wrappers[@]} -eq 0 ] && type -P mpicc >/dev/null; then wrappers=(mpicc); fi
}
# mpi_family WRAPPER: openmpi for mpicc.openmpi, mpi for mpicc.
mpi_family() {
    local family="${1##*/mpicc}"
    family="${family#mpicc}" family="${family#.}"
    echo "${family:-mpi}"
}

# cmake_folder WHAT...: where CMake builds WHAT of this checkout. CMake refuses a folder that another checkout configured.
cmake_folder() {
    echo "$CARGO_TARGET_DIR/cmake/$(printf '%s ' "$root" "$@" | cksum | cut -d' ' -f1)"
}

stage_name= stage_command= stage_begin=$SECONDS stage_times=()

# stage NAME COMMAND...: runs the command; where it fails, the script ends and says so.
stage() {
    stage_name="$1" stage_begin=$SECONDS
    shift
    stage_command="$*"
    printf '\n== %s: %s\n' "$stage_name" "$stage_command"
    "$@"
    stage_times+=("$(printf '%-24s %5d s' "$stage_name" $((SECONDS - stage_begin)))")
    printf -- '-- %s: %d s\n' "$stage_name" $((SECONDS - stage_begin))
    stage_name=
}

# The time of each stage.
stage_table() {
    printf '\n%s\n' "$script"
    printf '  %s\n' "${stage_times[@]}" "$(printf '%-24s %5d s' total "$SECONDS")"
}

stage_end() {
    local status=$?
    [ "$status" -ne 0 ] && [ -n "$stage_name" ] || return 0
    printf '\n%s: stage "%s" failed after %d s with status %d: %s\n' "$script" "$stage_name" \
        $((SECONDS - stage_begin)) "$status" "$stage_command" >&2
}
trap stage_end EXIT
