!> A run of several ranks: blocks from ghosted arrays, communicators of both kinds, and errors of one rank that are
!> errors of all.
program parallel
   use, intrinsic :: iso_fortran_env, only: int64, real64
   use mpi_f08
   use checks
   use limbeck_mpi_f08
   implicit none

   integer, parameter :: n(3) = [5, 4, 12] ! cut along z

   integer :: rank, ranks, all_failures

   call MPI_Init()
   call MPI_Comm_rank(MPI_COMM_WORLD, rank)
   call MPI_Comm_size(MPI_COMM_WORLD, ranks)
   call together(.true.)
   call together(.false.)
   call apart
   call one_wrong_option
   call different_shapes
   call no_communicator
   call MPI_Allreduce(failures, all_failures, 1, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD)
   call MPI_Finalize()
   if (all_failures > 0) error stop 1

contains

   pure real(real64) function value(i, j, k, step)
      integer, intent(in) :: i, j, k, step

      value = i + 10*j + 100*k + 10000*step
   end function

   subroutine configure(config)
      type(limbeck_config), intent(out) :: config

      call lbk_config_create(config)
      call lbk_config_set(config, 'target.ratio', 2)
      call lbk_config_set(config, 'distil.when', 'never')
      call lbk_config_set(config, 'open.mode', 'replace')
      call lbk_config_set(config, 'workers.threads', 1)
   end subroutine

   !> All ranks write one run; the first one reads it.
   subroutine together(f08)
      logical, intent(in) :: f08 !< the communicator is a type(MPI_Comm), or an integer
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      type(limbeck_variable) :: v
      type(limbeck_block) :: b
      type(limbeck_archive) :: a
      real(real64), allocatable :: u(:, :, :)
      real(real64) :: whole(n(1), n(2), n(3))
      integer :: i, j, k, step, nz, z0, ierr

      nz = n(3)*(rank + 1)/ranks - n(3)*rank/ranks
      z0 = n(3)*rank/ranks
      call configure(config)
      if (f08) then
         call lbk_session_open(config, 'together.lbk', MPI_COMM_WORLD, s, ierr)
      else
         call lbk_session_open(config, 'together.lbk', MPI_COMM_WORLD%mpi_val, s, ierr)
      end if
      call lbk_config_free(config)
      call expect(LBK_OK, ierr, 'open')
      call lbk_variable_define(s, 'u', LBK_FLOAT64, n, v)
      call lbk_variable_add_block(v, [0, 0, z0], [n(1), n(2), nz], b)
      call lbk_session_commit(s, ierr)
      call check(ierr <= LBK_OK, 'commit: '//lbk_status_name(ierr))
      allocate (u(0:n(1) + 1, 0:n(2) + 1, 0:nz + 1), source=-1e30_real64)
      do step = 0, 1
         do k = 1, nz
            do j = 1, n(2)
               do i = 1, n(1)
                  u(i, j, k) = value(i, j, z0 + k, step)
               end do
            end do
         end do
         call lbk_step_begin(s, 10*step, real(step, real64))
         call lbk_put(s, b, u(1:n(1), 1:n(2), 1:nz))
         call lbk_step_end(s)
      end do
      call lbk_session_close(s, ierr)
      call check(ierr <= LBK_OK, 'close: '//lbk_status_name(ierr)//': '//lbk_last_error())
      call MPI_Barrier(MPI_COMM_WORLD)
      if (rank == 0) then
         call lbk_archive_open('together.lbk.d', a, ierr)
         call expect(LBK_OK, ierr, 'archive')
         do step = 0, 1
            call lbk_archive_read(a, 'u', step, whole, ierr=ierr)
            call expect(LBK_OK, ierr, 'read')
            call check(all(whole == reshape([(((value(i, j, k, step), i=1, n(1)), j=1, n(2)), k=1, n(3))], n)), 'values')
         end do
         call lbk_archive_close(a, ierr)
         call expect(LBK_OK, ierr, 'close archive')
      end if
      call MPI_Barrier(MPI_COMM_WORLD)
   end subroutine

   !> Every rank writes a run of its own, with a communicator of its own.
   subroutine apart
      type(MPI_Comm) :: alone
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      type(limbeck_variable) :: v
      type(limbeck_block) :: b
      type(limbeck_archive) :: a
      real(real64) :: u(n(1)), back(n(1))
      character(16) :: path
      integer :: ierr

      call MPI_Comm_split(MPI_COMM_WORLD, rank, 0, alone)
      write (path, '(a, i0, a)') 'apart', rank, '.lbk'
      call configure(config)
      call lbk_session_open(config, path, alone, s, ierr)
      call expect(LBK_OK, ierr, 'open apart')
      call lbk_config_free(config)
      call MPI_Comm_free(alone) ! the session has its own
      call lbk_variable_define(s, 'u', LBK_FLOAT64, n(1:1), v)
      call lbk_variable_add_block(v, [0], n(1:1), b)
      call lbk_session_commit(s)
      u = rank
      call lbk_step_begin(s, 1_int64, 0.0_real64)
      call lbk_put(s, b, u)
      call lbk_step_end(s)
      call lbk_session_close(s, ierr)
      call check(ierr <= LBK_OK, 'close apart: '//lbk_last_error())
      call lbk_archive_open(trim(path)//'.d', a)
      call lbk_archive_read(a, 'u', 0, back)
      call lbk_archive_close(a, ierr)
      call expect(LBK_OK, ierr, 'read apart')
      call check(all(back == u), 'apart')
   end subroutine

   !> The last rank has a wrong option and does not look: no rank opens the run, and none waits for ever.
   subroutine one_wrong_option
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      integer :: ierr

      call configure(config)
      if (rank == ranks - 1) call lbk_config_set(config, 'target.ration', 3)
      call lbk_session_open(config, 'option.lbk', MPI_COMM_WORLD, s, ierr)
      call check(ierr > LBK_OK, 'open with one wrong option: '//lbk_status_name(ierr))
      if (rank == ranks - 1) call message('target.ratio')
      call lbk_config_free(config)
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'close what was not opened')
   end subroutine

   !> Ranks that do not agree on a variable learn it at commit.
   subroutine different_shapes
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      type(limbeck_variable) :: v
      integer :: ierr

      call configure(config)
      call lbk_session_open(config, 'shapes.lbk', MPI_COMM_WORLD%mpi_val, s, ierr)
      call expect(LBK_OK, ierr, 'open shapes')
      call lbk_config_free(config)
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [5, 4, merge(13, 12, rank > 0)], v)
      call lbk_session_commit(s, ierr)
      if (ranks > 1) call expect(LBK_INVALID_ARGUMENT, ierr, 'commit of different shapes')
      call lbk_session_close(s)
   end subroutine

   subroutine no_communicator
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      integer :: ierr

      call configure(config)
      call lbk_session_open(config, 'null.lbk', MPI_COMM_NULL, s, ierr)
      call check(ierr > LBK_OK, 'open with no communicator: '//lbk_status_name(ierr))
      call lbk_config_free(config)
   end subroutine
end program parallel
