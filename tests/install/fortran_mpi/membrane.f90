!> A membrane that was struck, by the wave equation on a square, in strips over the ranks; an outside project that uses an
!> installed limbeck from Fortran with MPI. Each rank reads its strip of the last step back; rank 0 says how far it is from
!> the solver's array, and the program stops with 1 if that is too far.
program membrane
   use, intrinsic :: iso_fortran_env, only: error_unit, real64
   use mpi
   use limbeck
   implicit none
   integer, parameter :: n = 96, steps = 10, substeps = 8
   real(real64), parameter :: courant = 0.25_real64

   type(limbeck_config) :: config
   type(limbeck_session) :: session
   type(limbeck_variable) :: height
   type(limbeck_block) :: block
   type(limbeck_archive) :: archive
   real(real64), allocatable :: now(:, :), before(:, :), next(:, :), decoded(:, :)
   real(real64) :: worst
   integer :: rank, ranks, first, count, step, substep, i, j, ierr

   call MPI_Init(ierr)
   call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
   call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
   first = n*rank/ranks
   count = n*(rank + 1)/ranks - first
   allocate (now(0:n + 1, 0:count + 1), before(0:n + 1, 0:count + 1), next(0:n + 1, 0:count + 1), decoded(n, count))
   now = 0
   do j = 1, count
      do i = 1, n
         now(i, j) = exp(-0.01_real64*((i - 40)**2 + (first + j - 55)**2))
      end do
   end do
   before = now
   next = 0

   call lbk_config_create(config, ierr)
   call check()
   call lbk_config_set(config, 'target.ratio', 30, ierr)
   call check()
   call lbk_session_open(config, 'membrane.lbk', MPI_COMM_WORLD, session, ierr)
   call check()
   call lbk_config_free(config, ierr)
   call lbk_variable_define(session, 'height', LBK_FLOAT64, [n, n], height, ierr)
   call check()
   call lbk_variable_add_block(height, [0, first], [n, count], block, ierr)
   call check()
   call lbk_session_commit(session, ierr)
   call check()
   do step = 1, steps
      do substep = 1, substeps
         call move()
      end do
      call lbk_step_begin(session, step, 0.1_real64*step, ierr)
      call check()
      call lbk_put(session, block, now(1:n, 1:count), ierr)
      call check()
      call lbk_step_end(session, ierr)
      call check()
   end do
   call lbk_session_close(session, ierr)
   call check()

   call lbk_archive_open('membrane.lbk', archive, ierr)
   call check()
   call lbk_archive_read(archive, 'height', steps - 1, decoded, start=[0, first], ierr=ierr)
   call check()
   call lbk_archive_close(archive, ierr)
   worst = maxval(abs(decoded - now(1:n, 1:count)))
   call MPI_Allreduce(MPI_IN_PLACE, worst, 1, MPI_DOUBLE_PRECISION, MPI_MAX, MPI_COMM_WORLD, ierr)
   if (rank == 0) print '(a, i0, a, f0.3)', 'limbeck on ', ranks, ' ranks: largest error ', worst
   call MPI_Finalize(ierr)
   if (worst > 0.1_real64 .or. ranks < 2) error stop 1

contains

   !> One step of the leapfrog scheme; the edge of the membrane stays where it is.
   subroutine move()
      integer :: below, above

      below = merge(rank - 1, MPI_PROC_NULL, rank > 0)
      above = merge(rank + 1, MPI_PROC_NULL, rank < ranks - 1)
      call MPI_Sendrecv(now(:, count), n + 2, MPI_DOUBLE_PRECISION, above, 1, &
         now(:, 0), n + 2, MPI_DOUBLE_PRECISION, below, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE, ierr)
      call MPI_Sendrecv(now(:, 1), n + 2, MPI_DOUBLE_PRECISION, below, 2, &
         now(:, count + 1), n + 2, MPI_DOUBLE_PRECISION, above, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE, ierr)
      next(1:n, 1:count) = 2*now(1:n, 1:count) - before(1:n, 1:count) + courant*(now(0:n - 1, 1:count) &
         + now(2:n + 1, 1:count) + now(1:n, 0:count - 1) + now(1:n, 2:count + 1) - 4*now(1:n, 1:count))
      before = now
      now(1:n, 1:count) = next(1:n, 1:count)
   end subroutine

   !> Ends all ranks where limbeck reports an error.
   subroutine check()
      integer :: code

      if (ierr == LBK_OK) return
      write (error_unit, '(a, i0, 2a)') 'rank ', rank, ': ', lbk_last_error()
      if (ierr > 0) call MPI_Abort(MPI_COMM_WORLD, 1, code)
   end subroutine
end program membrane
