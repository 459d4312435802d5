!> The numbers of limbeck.h, under their names there. fortran-bindings/tests/header.py compares them with the header.
module limbeck_constants
   use, intrinsic :: iso_fortran_env, only: int64
   implicit none
   private

   !> Versions of the header that these bindings were written for; lbk_version() and lbk_abi_version() are the
   !> library's, and Fortran, which does not tell capitals, needs other names for two of them.
   integer, parameter, public :: LBK_VERSION_MAJOR = 0
   integer, parameter, public :: LBK_VERSION_MINOR = 1
   integer, parameter, public :: LBK_VERSION_PATCH = 0
   character(*), parameter, public :: LBK_HEADER_VERSION = '0.1.0' !< LBK_VERSION of the header
   integer, parameter, public :: LBK_HEADER_ABI_VERSION = 0        !< LBK_ABI_VERSION of the header

   !> What ierr may be: 0 success, above 0 an error, below 0 a warning (the call did its work).
   integer, parameter, public :: LBK_OK = 0
   integer, parameter, public :: LBK_DROPPED = -1          !< warning: the step was dropped, as the policy drop allows
   integer, parameter, public :: LBK_DEGRADED = -2         !< warning: done with less than was asked for
   integer, parameter, public :: LBK_INVALID_ARGUMENT = 1  !< out of range, or contradicts another argument
   integer, parameter, public :: LBK_INVALID_HANDLE = 2    !< not opened, closed, or of another kind
   integer, parameter, public :: LBK_INVALID_STATE = 3     !< not now, say a put outside of a step
   integer, parameter, public :: LBK_COMPATIBILITY = 4     !< beyond this build
   integer, parameter, public :: LBK_CORRUPTION = 5        !< a file contradicts itself
   integer, parameter, public :: LBK_TRUNCATED = 6         !< a file ends too early
   integer, parameter, public :: LBK_IO = 7                !< the operating system refused to read or write
   integer, parameter, public :: LBK_MPI = 8               !< MPI failed
   integer, parameter, public :: LBK_DEVICE = 9            !< the compute device failed or is not there
   integer, parameter, public :: LBK_INTERNAL = 10         !< a defect in limbeck; please report the message
   integer, parameter, public :: LBK_NOT_FINITE = 11       !< NaN or infinities, and nonfinite = error
   integer, parameter, public :: LBK_QUEUE_FULL = 12       !< the queue is full, and queue.policy = error
   integer, parameter, public :: LBK_TIMEOUT = 13          !< it did not happen in time
   integer, parameter, public :: LBK_BUFFER_TOO_SMALL = 14 !< never from these bindings, which allocate
   integer, parameter, public :: LBK_NOT_FOUND = 15        !< no such attribute, variable or step

   !> Types of values: real(real32), real(real64).
   integer, parameter, public :: LBK_FLOAT32 = 1
   integer, parameter, public :: LBK_FLOAT64 = 2

   !> Levels of the log.
   integer, parameter, public :: LBK_LOG_ERROR = 1
   integer, parameter, public :: LBK_LOG_WARNING = 2
   integer, parameter, public :: LBK_LOG_INFO = 3
   integer, parameter, public :: LBK_LOG_DEBUG = 4

   !> For lbk_session_open: this process is alone.
   integer, parameter, public :: LBK_NO_COMM = -1
   !> Most dimensions of a variable.
   integer, parameter, public :: LBK_MAX_RANK = 3
   !> From lbk_session_durable: no step is durable yet.
   integer(int64), parameter, public :: LBK_NO_CYCLE = ibset(0_int64, 63) ! INT64_MIN
   !> For lbk_archive_sample: what points are counted in.
   integer, parameter, public :: LBK_COORD_INDEX = 0    !< indices from 0, fractional
   integer, parameter, public :: LBK_COORD_PHYSICAL = 1 !< time and coordinates as they were given by the run
end module limbeck_constants
