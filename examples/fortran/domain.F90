!> The box and its decomposition: a grid of n cells, cut into blocks over a Cartesian grid of ranks, one block each.
!> Compiled without USE_MPI there is one rank, and the calls remain.
module domain
   use, intrinsic :: iso_fortran_env, only: real64
#ifdef USE_MPI
   use mpi_f08
#endif
   implicit none
   private

   public :: box, field, create_box, free_box, create_field, exchange, global_sum, global_max

   !> The part of a scalar that this rank holds: v(0:nx + 1, 0:ny + 1, 0:nz + 1), one layer of ghosts on every side.
   type :: field
      real(real64), allocatable :: v(:, :, :)
   end type

   type :: box
      integer :: n(3) = 0          !< cells of all ranks together
      integer :: count(3) = 0      !< cells of this rank
      integer :: offset(3) = 0     !< cells before them, from 0
      integer :: dims(3) = 1       !< ranks along each dimension
      integer :: ranks = 1, rank = 0
      logical :: at_start(3) = .true. !< this rank's block begins at the wall
      logical :: at_end(3) = .true.   !< and ends there
#ifdef USE_MPI
      type(MPI_Comm) :: comm
      integer :: before(3), after(3) !< neighbours, or MPI_PROC_NULL
      type(MPI_Datatype) :: first(3), last(3), ghost_before(3), ghost_after(3) !< faces of a field
#endif
   end type

contains

   !> Cuts n cells into blocks that differ by one cell at most.
   subroutine create_box(b, n)
      type(box), intent(out) :: b
      integer, intent(in) :: n(3)
      integer :: at(3), d

      b%n = n
      at = 0
#ifdef USE_MPI
      call MPI_Comm_size(MPI_COMM_WORLD, b%ranks)
      b%dims = 0
      call MPI_Dims_create(b%ranks, 3, b%dims)
      call MPI_Cart_create(MPI_COMM_WORLD, 3, b%dims, [.false., .false., .false.], .true., b%comm)
      call MPI_Comm_rank(b%comm, b%rank)
      call MPI_Cart_coords(b%comm, b%rank, 3, at)
      do d = 1, 3
         call MPI_Cart_shift(b%comm, d - 1, 1, b%before(d), b%after(d))
      end do
#endif
      do d = 1, 3
         b%count(d) = n(d)/b%dims(d) + merge(1, 0, at(d) < mod(n(d), b%dims(d)))
         b%offset(d) = at(d)*(n(d)/b%dims(d)) + min(at(d), mod(n(d), b%dims(d)))
      end do
      b%at_start = at == 0
      b%at_end = at == b%dims - 1
      if (any(n < b%dims)) error stop 'there are fewer cells than ranks along a dimension'
#ifdef USE_MPI
      do d = 1, 3
         call face(b, d, 1, b%first(d))
         call face(b, d, b%count(d), b%last(d))
         call face(b, d, 0, b%ghost_before(d))
         call face(b, d, b%count(d) + 1, b%ghost_after(d))
      end do
#endif
   end subroutine

#ifdef USE_MPI
   !> The layer of a field at one index of a dimension, without its edges: the stencils have no use for them.
   subroutine face(b, d, at, type)
      type(box), intent(in) :: b
      integer, intent(in) :: d, at
      type(MPI_Datatype), intent(out) :: type
      integer :: start(3), count(3)

      start = 1
      count = b%count
      start(d) = at
      count(d) = 1
      call MPI_Type_create_subarray(3, b%count + 2, count, start, MPI_ORDER_FORTRAN, MPI_DOUBLE_PRECISION, type)
      call MPI_Type_commit(type)
   end subroutine
#endif

   subroutine free_box(b)
      type(box), intent(inout) :: b
#ifdef USE_MPI
      integer :: d

      do d = 1, 3
         call MPI_Type_free(b%first(d))
         call MPI_Type_free(b%last(d))
         call MPI_Type_free(b%ghost_before(d))
         call MPI_Type_free(b%ghost_after(d))
      end do
      call MPI_Comm_free(b%comm)
#endif
      b%ranks = 1
   end subroutine

   !> A field of zeros.
   subroutine create_field(b, f)
      type(box), intent(in) :: b
      type(field), intent(out) :: f

      allocate (f%v(0:b%count(1) + 1, 0:b%count(2) + 1, 0:b%count(3) + 1), source=0.0_real64)
   end subroutine

   !> Fills the ghosts of a field from the neighbours; those at the walls stay as they are.
   subroutine exchange(b, f)
      type(box), intent(in) :: b
      type(field), intent(inout) :: f
#ifdef USE_MPI
      integer :: d

      do d = 1, 3
         call MPI_Sendrecv(f%v, 1, b%first(d), b%before(d), 1, f%v, 1, b%ghost_after(d), b%after(d), 1, b%comm, &
                           MPI_STATUS_IGNORE)
         call MPI_Sendrecv(f%v, 1, b%last(d), b%after(d), 2, f%v, 1, b%ghost_before(d), b%before(d), 2, b%comm, &
                           MPI_STATUS_IGNORE)
      end do
#else
      if (b%ranks > 1) f%v = 0 ! never: without MPI there is one rank, and no neighbour
#endif
   end subroutine

   function global_sum(b, mine) result(sum)
      type(box), intent(in) :: b
      real(real64), intent(in) :: mine
      real(real64) :: sum

      sum = mine
#ifdef USE_MPI
      call MPI_Allreduce(mine, sum, 1, MPI_DOUBLE_PRECISION, MPI_SUM, b%comm)
#else
      if (b%ranks > 1) sum = 0
#endif
   end function

   function global_max(b, mine) result(largest)
      type(box), intent(in) :: b
      real(real64), intent(in) :: mine
      real(real64) :: largest

      largest = mine
#ifdef USE_MPI
      call MPI_Allreduce(mine, largest, 1, MPI_DOUBLE_PRECISION, MPI_MAX, b%comm)
#else
      if (b%ranks > 1) largest = 0
#endif
   end function
end module domain
