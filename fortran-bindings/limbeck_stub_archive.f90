!> What reads, for builds without the library: every call returns LBK_COMPATIBILITY and empty outputs. Part of the stub.
module limbeck_stub_archive
   use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
   use limbeck_constants, only: LBK_COMPATIBILITY, LBK_OK
   implicit none
   private

   public :: limbeck_archive, lbk_last_error, lbk_archive_open, lbk_archive_close, &
             lbk_archive_info, lbk_archive_variables, lbk_archive_variable_name, lbk_archive_shape, &
             lbk_archive_steps, lbk_archive_attributes, lbk_archive_attribute_name, lbk_archive_attribute, &
             lbk_archive_axis, lbk_archive_axis_name, lbk_archive_axis_units, lbk_archive_read, &
             lbk_archive_sample

   type :: limbeck_archive
      logical :: open = .false.
   end type

   interface lbk_archive_read
      module procedure read_1_real32_int32, read_2_real32_int32, read_3_real32_int32, read_1_real64_int32
      module procedure read_2_real64_int32, read_3_real64_int32, read_1_real32_int64, read_2_real32_int64
      module procedure read_3_real32_int64, read_1_real64_int64, read_2_real64_int64, read_3_real64_int64
   end interface
   interface lbk_archive_sample
      module procedure sample_real32, sample_real64
   end interface

   logical, save :: any_refused = .false.

contains

   subroutine refused(ierr)
      integer, intent(out), optional :: ierr

      any_refused = .true.
      if (present(ierr)) ierr = LBK_COMPATIBILITY
   end subroutine

   function lbk_last_error() result(text)
      character(:), allocatable :: text

      text = ''
      if (any_refused) text = 'this program was built without limbeck: archives are not read'
   end function

   subroutine lbk_archive_open(path, archive, ierr)
      character(*), intent(in) :: path
      type(limbeck_archive), intent(out) :: archive
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine lbk_archive_close(archive, ierr)
      type(limbeck_archive), intent(inout) :: archive
      integer, intent(out), optional :: ierr

      archive%open = .false.
      if (present(ierr)) ierr = LBK_OK
   end subroutine

   subroutine lbk_archive_info(archive, json, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(:), allocatable, intent(out) :: json
      integer, intent(out), optional :: ierr

      json = ''
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_variables(archive, count, ierr)
      type(limbeck_archive), intent(in) :: archive
      integer, intent(out) :: count
      integer, intent(out), optional :: ierr

      count = 0
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_variable_name(archive, index, name, ierr)
      type(limbeck_archive), intent(in) :: archive
      integer, intent(in) :: index
      character(:), allocatable, intent(out) :: name
      integer, intent(out), optional :: ierr

      name = ''
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_shape(archive, variable, shape, type, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), allocatable, intent(out) :: shape(:)
      integer, intent(out), optional :: type
      integer, intent(out), optional :: ierr

      allocate (shape(0))
      if (present(type)) type = 0
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_steps(archive, cycles, times, ierr)
      type(limbeck_archive), intent(in) :: archive
      integer(int64), allocatable, intent(out) :: cycles(:)
      real(real64), allocatable, intent(out) :: times(:)
      integer, intent(out), optional :: ierr

      allocate (cycles(0), times(0))
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_attributes(archive, variable, count, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(out) :: count
      integer, intent(out), optional :: ierr

      count = 0
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_attribute_name(archive, variable, index, name, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: index
      character(:), allocatable, intent(out) :: name
      integer, intent(out), optional :: ierr

      name = ''
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_attribute(archive, variable, name, value, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      character(*), intent(in) :: name
      character(:), allocatable, intent(out) :: value
      integer, intent(out), optional :: ierr

      value = ''
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_axis(archive, variable, dim, coordinates, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim
      real(real64), allocatable, intent(out) :: coordinates(:)
      integer, intent(out), optional :: ierr

      allocate (coordinates(0))
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_axis_name(archive, variable, dim, name, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim
      character(:), allocatable, intent(out) :: name
      integer, intent(out), optional :: ierr

      name = ''
      call refused(ierr)
   end subroutine

   subroutine lbk_archive_axis_units(archive, variable, dim, units, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer, intent(in) :: dim
      character(:), allocatable, intent(out) :: units
      integer, intent(out), optional :: ierr

      units = ''
      call refused(ierr)
   end subroutine

   subroutine read_1_real32_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real32), intent(inout) :: values(:)
      integer(int32), intent(in), optional :: start(:)
      integer(int32), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_2_real32_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real32), intent(inout) :: values(:, :)
      integer(int32), intent(in), optional :: start(:)
      integer(int32), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_3_real32_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real32), intent(inout) :: values(:, :, :)
      integer(int32), intent(in), optional :: start(:)
      integer(int32), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_1_real64_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real64), intent(inout) :: values(:)
      integer(int32), intent(in), optional :: start(:)
      integer(int32), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_2_real64_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real64), intent(inout) :: values(:, :)
      integer(int32), intent(in), optional :: start(:)
      integer(int32), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_3_real64_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real64), intent(inout) :: values(:, :, :)
      integer(int32), intent(in), optional :: start(:)
      integer(int32), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_1_real32_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real32), intent(inout) :: values(:)
      integer(int64), intent(in), optional :: start(:)
      integer(int64), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_2_real32_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real32), intent(inout) :: values(:, :)
      integer(int64), intent(in), optional :: start(:)
      integer(int64), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_3_real32_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real32), intent(inout) :: values(:, :, :)
      integer(int64), intent(in), optional :: start(:)
      integer(int64), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_1_real64_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real64), intent(inout) :: values(:)
      integer(int64), intent(in), optional :: start(:)
      integer(int64), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_2_real64_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real64), intent(inout) :: values(:, :)
      integer(int64), intent(in), optional :: start(:)
      integer(int64), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine read_3_real64_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real64), intent(inout) :: values(:, :, :)
      integer(int64), intent(in), optional :: start(:)
      integer(int64), intent(in), optional :: every(:)
      integer, intent(out), optional :: ierr

      call refused(ierr)
   end subroutine

   subroutine sample_real32(archive, variable, points, coordinates, values, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      real(real64), intent(in) :: points(:, :)
      integer, intent(in) :: coordinates
      real(real32), intent(out) :: values(:)
      integer, intent(out), optional :: ierr

      values = 0
      call refused(ierr)
   end subroutine

   subroutine sample_real64(archive, variable, points, coordinates, values, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      real(real64), intent(in) :: points(:, :)
      integer, intent(in) :: coordinates
      real(real64), intent(out) :: values(:)
      integer, intent(out), optional :: ierr

      values = 0
      call refused(ierr)
   end subroutine
end module limbeck_stub_archive
