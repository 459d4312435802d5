!> A run of several variables, written, distilled and read back in every way.
program round_trip
   use, intrinsic :: iso_fortran_env, only: int64, real32, real64
   use checks
   implicit none

   type :: cell
      integer :: flags
      real(real32) :: velocity(3)
      real(real32) :: density
   end type

   integer, parameter :: nx = 16, ny = 12, nz = 10, half = nz/2, steps = 3

   call write_run
   call describe('round_trip.lbk')
   call describe('round_trip.lbk.d')
   call distil_again
   call components
   call finish

contains

   pure real(real64) function temperature(i, j, k, t)
      integer, intent(in) :: i, j, k, t

      temperature = 300 + 40*sin(0.3*i + 0.1*t)*cos(0.25*j) + 15*sin(0.2*k)
   end function

   !> Two blocks of float64 in 3D, float32 in 2D, float64 in 1D.
   subroutine write_run
      real(real64) :: lower(0:nx + 1, 0:ny + 1, 0:half + 1), upper(nx, ny, half)
      real(real32) :: sheet(nx, ny)
      real(real64) :: profile(nz)
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      type(limbeck_variable) :: vt, vs, vp
      type(limbeck_block) :: low, high, flat, column
      character(:), allocatable :: text
      integer(int64) :: cycle
      integer :: i, j, k, t, ierr

      call lbk_config_create(config, ierr)
      call expect(LBK_OK, ierr, 'create')
      call lbk_config_set(config, 'target.ratio', 5.0_real32, ierr)
      call expect(LBK_OK, ierr, 'real32')
      call lbk_config_get(config, 'target.ratio', text, ierr)
      call expect(LBK_OK, ierr, 'get')
      call check(text == '5', 'target.ratio is '//text)
      call lbk_config_set(config, 'target.ratio', 8.5_real64, ierr)
      call expect(LBK_OK, ierr, 'real64')
      call lbk_config_get(config, 'target.ratio', text)
      call check(text == '8.5', 'target.ratio is '//text)
      call lbk_config_set(config, 'workers.threads', 1_int64, ierr)
      call expect(LBK_OK, ierr, 'int64')
      call lbk_config_set(config, 'journal.keep', .true., ierr)
      call expect(LBK_OK, ierr, 'logical')
      call lbk_config_set(config, 'open.mode', 'replace   ', ierr)
      call expect(LBK_OK, ierr, 'text')
      call lbk_config_set(config, 'effort', 0.25, ierr)
      call expect(LBK_OK, ierr, 'effort')
      call lbk_session_open(config, 'round_trip.lbk  ', LBK_NO_COMM, s, ierr)
      call expect(LBK_OK, ierr, 'open')
      call lbk_config_free(config, ierr)
      call expect(LBK_OK, ierr, 'free')

      call lbk_session_set_attribute(s, 'title', 'round trip', ierr)
      call expect(LBK_OK, ierr, 'attribute')
      call lbk_variable_define(s, 'temperature', LBK_FLOAT64, [nx, ny, nz], vt, ierr)
      call expect(LBK_OK, ierr, 'temperature')
      call lbk_variable_define(s, 'sheet', LBK_FLOAT32, int([nx, ny], int64), vs, ierr)
      call expect(LBK_OK, ierr, 'sheet')
      call lbk_variable_define(s, 'profile', LBK_FLOAT64, [nz], vp, ierr)
      call expect(LBK_OK, ierr, 'profile')
      call lbk_variable_set_attribute(vt, 'units', 'K', ierr)
      call expect(LBK_OK, ierr, 'units')
      call lbk_session_set_axis(s, 1, 'x', 'm', -1.0_real64, 0.25_real64, ierr)
      call expect(LBK_OK, ierr, 'x')
      call lbk_session_set_axis(s, 2, 'y', 'm', 0.0_real64, 0.5_real64, ierr)
      call expect(LBK_OK, ierr, 'y')
      call lbk_variable_set_axis_coordinates(vt, 3, 'z', 'km', [(0.5_real64*k*k, k=0, nz - 1)], ierr)
      call expect(LBK_OK, ierr, 'z')
      call lbk_variable_set_axis(vp, 1, 'height', '', 10.0_real64, 1.0_real64, ierr)
      call expect(LBK_OK, ierr, 'height')
      call lbk_variable_add_block(vt, [0, 0, 0], [nx, ny, half], low, ierr)
      call expect(LBK_OK, ierr, 'lower')
      call lbk_variable_add_block(vt, int([0, 0, half], int64), int([nx, ny, half], int64), high, ierr)
      call expect(LBK_OK, ierr, 'upper')
      call lbk_variable_add_block(vs, [0, 0], [nx, ny], flat, ierr)
      call expect(LBK_OK, ierr, 'flat')
      call lbk_variable_add_block(vp, [0], [nz], column, ierr)
      call expect(LBK_OK, ierr, 'column')
      call lbk_session_commit(s, ierr)
      call expect(LBK_OK, ierr, 'commit')
      call lbk_session_durable(s, cycle, ierr)
      call expect(LBK_OK, ierr, 'durable')
      call check(cycle == LBK_NO_CYCLE, 'no cycle yet')

      do t = 0, steps - 1
         lower = -huge(lower) ! ghosts that nobody may read
         do k = 1, half
            do j = 1, ny
               do i = 1, nx
                  lower(i, j, k) = temperature(i, j, k, t)
                  upper(i, j, k) = temperature(i, j, k + half, t)
                  sheet(i, j) = real(temperature(i, j, 1, t), real32)
               end do
            end do
         end do
         profile = [(temperature(1, 1, k, t), k=1, nz)]
         call lbk_step_begin(s, 100 + 10*t, 2.5_real64*t, ierr)
         call expect(LBK_OK, ierr, 'begin')
         call lbk_put(s, high, upper, ierr) ! any order
         call expect(LBK_OK, ierr, 'put upper')
         call lbk_put(s, low, lower(1:nx, 1:ny, 1:half), ierr)
         call expect(LBK_OK, ierr, 'put lower')
         call lbk_put(s, flat, sheet, ierr)
         call expect(LBK_OK, ierr, 'put sheet')
         call lbk_put(s, column, profile, ierr)
         call expect(LBK_OK, ierr, 'put profile')
         call lbk_step_end(s, ierr)
         call expect(LBK_OK, ierr, 'end')
      end do
      call lbk_step_begin(s, 1000_int64, 99.0_real64, ierr)
      call expect(LBK_OK, ierr, 'begin the cancelled')
      call lbk_step_cancel(s, ierr)
      call expect(LBK_OK, ierr, 'cancel')
      call lbk_session_wait(s, 100 + 10*(steps - 1), 300.0_real64, ierr)
      call expect(LBK_OK, ierr, 'wait')
      call lbk_session_durable(s, cycle)
      call check(cycle == 100 + 10*(steps - 1), 'durable')
      call lbk_session_metrics(s, text, ierr)
      call expect(LBK_OK, ierr, 'metrics')
      call check(index(text, '"accepted":3') > 0, 'metrics: '//text)
      call lbk_session_close(s, ierr)
      call check(ierr <= LBK_OK, 'close: '//lbk_status_name(ierr)) ! so little data may miss its ratio
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'close again')
   end subroutine

   subroutine describe(path)
      character(*), intent(in) :: path
      type(limbeck_archive) :: a
      character(:), allocatable :: text
      integer(int64), allocatable :: shape(:), cycles(:)
      real(real64), allocatable :: times(:), coordinates(:)
      real(real64) :: all(nx, ny, nz), ghosted(0:nx + 1, 0:ny + 1, 0:nz + 1), sampled(3), points(4, 3)
      real(real32) :: part(3, 2, 2), single(1)
      integer :: n, type, ierr, i, j, k, t

      call lbk_archive_open(path, a, ierr)
      call expect(LBK_OK, ierr, 'open '//path)
      call lbk_archive_variables(a, n, ierr)
      call expect(LBK_OK, ierr, 'variables')
      call check(n == 3, '3 variables')
      call lbk_archive_variable_name(a, 1, text, ierr)
      call expect(LBK_OK, ierr, 'name')
      call check(text == 'sheet', 'name of 1 is '//text)
      call lbk_archive_variable_name(a, 3, text, ierr)
      call expect(LBK_NOT_FOUND, ierr, 'name of 3')
      call check(text == '', 'empty after an error')
      call lbk_archive_shape(a, 'temperature ', shape, type, ierr)
      call expect(LBK_OK, ierr, 'shape')
      call check(size(shape) == 3 .and. type == LBK_FLOAT64, 'rank and type')
      call check(maxval(abs(shape - [nx, ny, nz])) == 0, 'shape')
      call lbk_archive_shape(a, 'sheet', shape, type)
      call check(size(shape) == 2 .and. type == LBK_FLOAT32 .and. shape(1) == nx, 'shape of sheet')
      call lbk_archive_shape(a, 'temprature', shape, ierr=ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'misspelt')
      call message('temperature')
      call check(size(shape) == 0, 'no shape')

      call lbk_archive_steps(a, cycles, times, ierr)
      call expect(LBK_OK, ierr, 'steps')
      call check(size(cycles) == steps .and. size(times) == steps, 'number of steps')
      call check(maxval(abs(cycles - [(100 + 10*t, t=0, steps - 1)])) == 0, 'cycles')
      call check(maxval(abs(times - [(2.5_real64*t, t=0, steps - 1)])) == 0, 'times')

      call lbk_archive_attributes(a, '', n, ierr)
      call expect(LBK_OK, ierr, 'attributes of the run')
      call check(n == 1, 'one attribute')
      call lbk_archive_attribute_name(a, '', 0, text, ierr)
      call expect(LBK_OK, ierr, 'attribute name')
      call check(text == 'title', 'attribute name')
      call lbk_archive_attribute(a, ' ', 'title', text, ierr)
      call expect(LBK_OK, ierr, 'attribute')
      call check(text == 'round trip', 'attribute')
      call lbk_archive_attribute(a, 'temperature', 'units', text, ierr)
      call expect(LBK_OK, ierr, 'units')
      call check(text == 'K', 'units')
      call lbk_archive_attribute(a, 'sheet', 'units', text, ierr)
      call expect(LBK_NOT_FOUND, ierr, 'no units')

      call lbk_archive_axis(a, 'temperature', 3, coordinates, ierr)
      call expect(LBK_OK, ierr, 'z')
      call check(size(coordinates) == nz .and. abs(coordinates(4) - 4.5) < 1e-12, 'z')
      call lbk_archive_axis(a, 'sheet', 1, coordinates, ierr)
      call expect(LBK_OK, ierr, 'x')
      call check(size(coordinates) == nx .and. abs(coordinates(5)) < 1e-12, 'x of sheet')
      call lbk_archive_axis(a, 'profile', 1, coordinates)
      call check(size(coordinates) == nz .and. abs(coordinates(1) - 10) < 1e-12, 'height')
      call lbk_archive_axis_name(a, 'temperature', 2, text, ierr)
      call expect(LBK_OK, ierr, 'axis name')
      call check(text == 'y', 'axis name')
      call lbk_archive_axis_units(a, 'temperature', 3, text, ierr)
      call expect(LBK_OK, ierr, 'axis units')
      call check(text == 'km', 'axis units')
      call lbk_archive_axis_units(a, 'temperature', 4, text, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'dimension 4')
      call lbk_archive_axis(a, 'temperature', 0, coordinates, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'dimension 0')

      ! The field is in Fortran's order.
      do t = 0, steps - 1
         call lbk_archive_read(a, 'temperature', t, all, ierr=ierr)
         call expect(LBK_OK, ierr, 'read')
         do k = 1, nz
            do j = 1, ny
               do i = 1, nx
                  ghosted(i, j, k) = temperature(i, j, k, t)
               end do
            end do
         end do
         call check(norm2(all - ghosted(1:nx, 1:ny, 1:nz))/sqrt(1.0*size(all)) < 5, path//': the field')
      end do
      ghosted = -7
      call lbk_archive_read(a, 'temperature', steps - 1, ghosted(1:nx, 1:ny, 1:nz), ierr=ierr)
      call expect(LBK_OK, ierr, 'read into ghosted')
      call check(maxval(abs(ghosted(1:nx, 1:ny, 1:nz) - all)) == 0, 'inside')
      call lbk_archive_read(a, 'temperature', steps - 1, part, [4, 1, 3], [3, 2, 2], ierr)
      call expect(LBK_OK, ierr, 'read every nth')
      call check(maxval(abs(part - real(all(5:11:3, 2:4:2, 4:6:2), real32))) == 0, 'every nth')
      points = reshape([4.0_real64, 1.0_real64, 3.0_real64, real(steps - 1, real64), &
                        0.0_real64, 11.0_real64, 9.0_real64, real(steps - 1, real64), &
                        4.5_real64, 1.5_real64, 3.5_real64, 0.5_real64], [4, 3])
      call lbk_archive_sample(a, 'temperature', points, LBK_COORD_INDEX, sampled, ierr)
      call expect(LBK_OK, ierr, 'sample')
      call check(abs(sampled(1) - all(5, 2, 4)) < 1e-3 .and. abs(sampled(2) - all(1, 12, 10)) < 1e-3, 'sample')
      points(:, 1) = [-1.0_real64 + 4*0.25_real64, 0.5_real64, 4.5_real64, 2.5_real64*(steps - 1)]
      call lbk_archive_sample(a, 'temperature', points(:, 1:1), LBK_COORD_PHYSICAL, single, ierr)
      call expect(LBK_OK, ierr, 'sample physical')
      call check(abs(single(1) - sampled(1)) < 1e-3, 'sample physical')
      call lbk_archive_sample(a, 'temperature', points(1:3, :), LBK_COORD_INDEX, sampled, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'points without time')
      call message('4 x 3')
      call lbk_archive_read(a, 'temperature', steps, all, ierr=ierr)
      call expect(LBK_NOT_FOUND, ierr, 'no such step')
      call lbk_archive_read(a, 'temperature', 0, all(:, :, 1), ierr=ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'read into rank 2')
      call message('2 axes')
      call lbk_archive_read(a, 'temperature', 0, all, [1, 0, 0], ierr=ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'read beyond')
      call lbk_archive_read(a, 'temperature', 0, all, [0, 0], ierr=ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'start of size 2')
      call message('size 2')
      call lbk_archive_info(a, text, ierr)
      call expect(LBK_OK, ierr, 'info')
      call check(text(1:1) == '{' .and. index(text, 'temperature') > 0, 'info')
      call lbk_archive_close(a, ierr)
      call expect(LBK_OK, ierr, 'archive close')
   end subroutine

   subroutine distil_again
      type(limbeck_config) :: config
      integer :: ierr

      call lbk_config_create(config)
      call lbk_config_set(config, 'target.ratio', '8')
      call lbk_config_set(config, 'effort', 0.25)
      call lbk_config_set(config, 'open.mode', 'replace')
      call lbk_distil('round_trip.lbk.d', 'again.lbk', config, ierr)
      call check(ierr <= LBK_OK, 'distil: '//lbk_status_name(ierr)//': '//lbk_last_error())
      call lbk_config_free(config, ierr)
      call expect(LBK_OK, ierr, 'free')
      call describe('again.lbk')
   end subroutine

   !> Components of an array of structures: right, if not without a copy.
   subroutine components
      type(cell), allocatable :: cells(:, :)
      type(limbeck_session) :: s
      type(limbeck_variable) :: v
      type(limbeck_block) :: b
      type(limbeck_archive) :: a
      integer :: i, ierr

      allocate (cells(7, 5))
      cells%flags = -1
      cells%density = reshape([(real(i, real32), i=1, 35)], [7, 5])
      do i = 1, 3
         cells%velocity(i) = -2
      end do
      call open_exact('components.lbk', s)
      call lbk_variable_define(s, 'density', LBK_FLOAT32, [7, 5], v)
      call lbk_variable_add_block(v, [0, 0], [7, 5], b)
      call lbk_session_commit(s)
      call lbk_step_begin(s, 1, 0.0_real64)
      call lbk_put(s, b, cells%density)
      call lbk_step_end(s)
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'components')
      call lbk_archive_open('components.lbk.d', a)
      call lbk_archive_read(a, 'density', 0, cells(:, :)%velocity(1), ierr=ierr)
      call expect(LBK_OK, ierr, 'read into a component')
      call check(maxval(abs(cells%velocity(1) - cells%density)) == 0, 'components')
      call check(all(cells%flags == -1) .and. maxval(abs(cells%velocity(2) + 2)) == 0, 'other components')
      call lbk_archive_close(a, ierr)
      call expect(LBK_OK, ierr, 'close components')
   end subroutine
end program round_trip
