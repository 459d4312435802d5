!> Archives, and runs that are not finished: what they hold. Their values are read by lbk_archive_read (limbeck_arrays)
!> and lbk_archive_sample.
!>
!> A variable is named; where a blank name is allowed, it stands for the run. Shapes are in Fortran's order, the fastest
!> dimension first, and dim is what it is for size(). Indices of variables, attributes and steps count from 0. Texts and
!> arrays are allocated by the call, and empty after an error.
module limbeck_archives
   use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int32_t, c_int64_t, c_loc, c_null_ptr, c_ptr, c_size_t
   use, intrinsic :: iso_fortran_env, only: int64, real32, real64
   use limbeck_c_archive
   use limbeck_constants, only: LBK_FLOAT32, LBK_FLOAT64, LBK_MAX_RANK, LBK_OK
   use limbeck_handles, only: address, c_text, complete, end_of, fail, finish, limbeck_archive, text_in
   implicit none
   private

   public :: lbk_archive_open, lbk_archive_close, lbk_archive_info, lbk_archive_variables, lbk_archive_variable_name, &
             lbk_archive_shape, lbk_archive_steps, lbk_archive_attributes, lbk_archive_attribute_name, &
             lbk_archive_attribute, lbk_archive_axis, lbk_archive_axis_name, lbk_archive_axis_units, lbk_archive_sample

   !> lbk_archive_sample(archive, variable, points, coordinates, values, ierr): reads a variable at arbitrary points in
   !> space and time; between grid points and steps it is what the network says.
   !> points: real64, (1 + rank, n), each column one point, the fastest dimension first and time last: (x, y, z, t);
   !> coordinates: LBK_COORD_INDEX or LBK_COORD_PHYSICAL, what the points are counted in; values: (n), real32 or real64.
   !> ierr: LBK_INVALID_ARGUMENT also for a point outside of the variable or the steps.
   interface lbk_archive_sample
      module procedure sample_real32, sample_real64
   end interface

contains

   !> Opens an archive ('run.lbk'), or the directory of a run ('run.lbk.d'): then there is what its journal holds.
   subroutine lbk_archive_open(path, archive, ierr)
      character(*), intent(in) :: path
      type(limbeck_archive), intent(out) :: archive
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_archive_open(c_text(path), archive%handle)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Closes an archive; one that is not open is fine. ierr: also the first error of a call on it that had no ierr.
   subroutine lbk_archive_close(archive, ierr)
      type(limbeck_archive), intent(inout) :: archive
      integer, intent(out), optional :: ierr
      type(c_ptr) :: closed
      integer(c_int32_t) :: status

      closed = archive%handle
      status = c_lbk_archive_close(archive%handle)
      call end_of(closed, status, ierr)
   end subroutine

   !> All about an archive, as JSON: versions, size in bytes, variables, steps, axes, attributes, networks, quality.
   subroutine lbk_archive_info(archive, json, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(:), allocatable, intent(out) :: json
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      allocate (buffer(0))
      do
         status = c_lbk_archive_info(archive%handle, address(buffer), size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      json = text_in(status, buffer, needed)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Number of variables.
   subroutine lbk_archive_variables(archive, count, ierr)
      type(limbeck_archive), intent(in) :: archive
      integer, intent(out) :: count
      integer, intent(out), optional :: ierr
      integer(c_int64_t) :: n
      integer(c_int32_t) :: status

      n = 0
      status = c_lbk_archive_variables(archive%handle, n)
      count = int(n)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Name of a variable.
   subroutine lbk_archive_variable_name(archive, index, name, ierr)
      type(limbeck_archive), intent(in) :: archive
      integer, intent(in) :: index !< from 0, in the order of definition
      character(:), allocatable, intent(out) :: name
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      allocate (buffer(0))
      do
         status = c_lbk_archive_variable_name(archive%handle, int(index, c_int64_t), address(buffer), &
                                              size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      name = text_in(status, buffer, needed)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Shape and type of a variable.
   subroutine lbk_archive_shape(archive, variable, shape, type, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), allocatable, intent(out) :: shape(:) !< global extents, the fastest dimension first
      integer, intent(out), optional :: type               !< of what was handed in: LBK_FLOAT32 or LBK_FLOAT64
      integer, intent(out), optional :: ierr
      integer(c_int64_t) :: slowest_first(LBK_MAX_RANK)
      integer(c_int32_t) :: status, rank, of_type

      rank = 0
      of_type = 0
      status = c_lbk_archive_shape(archive%handle, c_text(variable), int(LBK_MAX_RANK, c_int32_t), slowest_first, rank, &
                                   of_type)
      if (status /= LBK_OK) rank = 0
      shape = int(slowest_first(rank:1:-1), int64)
      if (present(type)) type = int(of_type)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Cycle and physical time of every step, in the order of the steps, which are counted from 0 elsewhere.
   subroutine lbk_archive_steps(archive, cycles, times, ierr)
      type(limbeck_archive), intent(in) :: archive
      integer(int64), allocatable, intent(out) :: cycles(:)
      real(real64), allocatable, intent(out) :: times(:)
      integer, intent(out), optional :: ierr
      integer(c_int64_t) :: none(1), n
      real(c_double) :: no_times(1)
      integer(c_int32_t) :: status

      n = 0
      status = c_lbk_archive_steps(archive%handle, 0_c_int64_t, none, no_times, n)
      if (status /= LBK_OK) n = 0
      allocate (cycles(n), times(n))
      if (n > 0) status = c_lbk_archive_steps(archive%handle, n, cycles, times, n)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Number of attributes of a variable or, if its name is blank, of the run.
   subroutine lbk_archive_attributes(archive, variable, count, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(out) :: count
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: name(:)
      integer(c_int64_t) :: n
      integer(c_int32_t) :: status

      n = 0
      call terminate(variable, name)
      status = c_lbk_archive_attributes(archive%handle, address(name), n)
      count = int(n)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Name of an attribute of a variable or, if its name is blank, of the run.
   subroutine lbk_archive_attribute_name(archive, variable, index, name, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: index !< from 0
      character(:), allocatable, intent(out) :: name
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:), of(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      call terminate(variable, of)
      allocate (buffer(0))
      do
         status = c_lbk_archive_attribute_name(archive%handle, address(of), int(index, c_int64_t), address(buffer), &
                                               size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      name = text_in(status, buffer, needed)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Value of an attribute of a variable or, if its name is blank, of the run.
   subroutine lbk_archive_attribute(archive, variable, name, value, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable, name
      character(:), allocatable, intent(out) :: value
      integer, intent(out), optional :: ierr !< LBK_NOT_FOUND if there is no such attribute
      character(kind=c_char), allocatable, target :: buffer(:), of(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      call terminate(variable, of)
      allocate (buffer(0))
      do
         status = c_lbk_archive_attribute(archive%handle, address(of), c_text(name), address(buffer), &
                                          size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      value = text_in(status, buffer, needed)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Coordinates of the grid points along a dimension of a variable; their indices from 0 if none were set.
   subroutine lbk_archive_axis(archive, variable, dim, coordinates, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim !< 1 is the fastest
      real(real64), allocatable, intent(out) :: coordinates(:)
      integer, intent(out), optional :: ierr
      real(c_double) :: none(1)
      integer(c_int64_t) :: n
      integer(c_int32_t) :: status, axis

      n = 0
      call axis_of(archive, variable, dim, axis, status)
      if (status == LBK_OK) status = c_lbk_archive_axis(archive%handle, c_text(variable), axis, 0_c_int64_t, none, n)
      if (status /= LBK_OK) n = 0
      allocate (coordinates(n))
      if (n > 0) status = c_lbk_archive_axis(archive%handle, c_text(variable), axis, n, coordinates, n)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Name of a dimension of a variable; empty if none was set.
   subroutine lbk_archive_axis_name(archive, variable, dim, name, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim !< 1 is the fastest
      character(:), allocatable, intent(out) :: name
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status, axis

      allocate (buffer(0))
      call axis_of(archive, variable, dim, axis, status)
      do while (status == LBK_OK)
         status = c_lbk_archive_axis_name(archive%handle, c_text(variable), axis, address(buffer), &
                                          size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      name = text_in(status, buffer, needed)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> Units of the coordinates along a dimension of a variable; empty if none were set.
   subroutine lbk_archive_axis_units(archive, variable, dim, units, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim !< 1 is the fastest
      character(:), allocatable, intent(out) :: units
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status, axis

      allocate (buffer(0))
      call axis_of(archive, variable, dim, axis, status)
      do while (status == LBK_OK)
         status = c_lbk_archive_axis_units(archive%handle, c_text(variable), axis, address(buffer), &
                                           size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      units = text_in(status, buffer, needed)
      call finish(archive%handle, status, ierr)
   end subroutine

   subroutine sample_real32(archive, variable, points, coordinates, values, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      real(real64), intent(in) :: points(:, :)
      integer, intent(in) :: coordinates
      real(real32), intent(out) :: values(:)
      integer, intent(out), optional :: ierr
      real(real32), allocatable, target :: sampled(:)

      allocate (sampled(max(1, size(values))))
      sampled = 0
      call sample(archive, variable, points, coordinates, size(values), LBK_FLOAT32, c_loc(sampled), ierr)
      values = sampled(1:size(values))
   end subroutine

   subroutine sample_real64(archive, variable, points, coordinates, values, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      real(real64), intent(in) :: points(:, :)
      integer, intent(in) :: coordinates
      real(real64), intent(out) :: values(:)
      integer, intent(out), optional :: ierr
      real(real64), allocatable, target :: sampled(:)

      allocate (sampled(max(1, size(values))))
      sampled = 0
      call sample(archive, variable, points, coordinates, size(values), LBK_FLOAT64, c_loc(sampled), ierr)
      values = sampled(1:size(values))
   end subroutine

   subroutine sample(archive, variable, points, coordinates, n, type, out, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      real(real64), intent(in) :: points(:, :)
      integer, intent(in) :: coordinates, n, type
      type(c_ptr), intent(in) :: out
      integer, intent(inout), optional :: ierr
      integer(int64), allocatable :: shape(:)
      real(c_double), allocatable :: time_first(:, :)
      integer(c_int32_t) :: status
      integer :: told
      character(160) :: text

      call lbk_archive_shape(archive, variable, shape, ierr=told)
      if (told /= LBK_OK) then
         call finish(archive%handle, int(told, c_int32_t), ierr)
         return
      end if
      if (size(points, 1) /= 1 + size(shape) .or. size(points, 2) /= n) then
         write (text, '(5(a, i0))') 'lbk_archive_sample: points are ', size(points, 1), ' x ', size(points, 2), &
            '; they should be ', 1 + size(shape), ' x ', n, ' for so many values'
         call fail(archive%handle, trim(text), ierr)
         return
      end if
      time_first = real(points(size(points, 1):1:-1, :), c_double)
      status = c_lbk_archive_sample(archive%handle, c_text(variable), int(n, c_int64_t), time_first, &
                                    int(coordinates, c_int32_t), int(type, c_int32_t), out)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> The axis of C that a dimension is; one that is not there stays so.
   subroutine axis_of(archive, variable, dim, axis, status)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim
      integer(c_int32_t), intent(out) :: axis, status
      integer(int64), allocatable :: shape(:)
      integer :: told

      call lbk_archive_shape(archive, variable, shape, ierr=told)
      status = int(told, c_int32_t)
      axis = int(size(shape) - dim, c_int32_t)
   end subroutine

   !> A name for C, or nothing, and thus NULL, if it is blank.
   subroutine terminate(name, characters)
      character(*), intent(in) :: name
      character(kind=c_char), allocatable, intent(out) :: characters(:)
      character(kind=c_char, len=:), allocatable :: text
      integer :: i

      text = c_text(name)
      if (len_trim(name) == 0) text = ''
      allocate (characters(len(text)))
      do i = 1, len(text)
         characters(i) = text(i:i)
      end do
   end subroutine
end module limbeck_archives
