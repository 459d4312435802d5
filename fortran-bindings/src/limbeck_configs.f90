!> Options of a run.
module limbeck_configs
   use, intrinsic :: iso_c_binding, only: c_char, c_int32_t, c_null_ptr, c_size_t
   use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
   use limbeck_c, only: c_lbk_config_create, c_lbk_config_free, c_lbk_config_get, c_lbk_config_load, c_lbk_config_set, &
                        c_lbk_options
   use limbeck_handles, only: address, c_text, complete, finish, forget, limbeck_config, text_in
   implicit none
   private

   public :: lbk_config_create, lbk_config_set, lbk_config_load, lbk_config_get, lbk_config_free, lbk_options

   !> lbk_config_set(config, name, value, ierr): sets an option, say call lbk_config_set(config, 'target.ratio', 1000).
   !> The names are what `limbeck options` or lbk_options lists; value is a text, a number or a logical. ierr:
   !> LBK_INVALID_ARGUMENT if there is no such option (the message names the nearest) or the value is not one for it.
   interface lbk_config_set
      module procedure set_text, set_int32, set_int64, set_real32, set_real64, set_logical
   end interface

contains

   !> Creates a set of options, all at their defaults. What the environment says (LIMBECK_TARGET_RATIO for target.ratio)
   !> comes before what a loaded file says, that before what was set here, and that before the default.
   subroutine lbk_config_create(config, ierr)
      type(limbeck_config), intent(out) :: config
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_config_create(config%handle)
      call finish(config%handle, status, ierr)
   end subroutine

   subroutine set_text(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      character(*), intent(in) :: value
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_config_set(config%handle, c_text(name), c_text(value))
      call finish(config%handle, status, ierr)
   end subroutine

   subroutine set_int32(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      integer(int32), intent(in) :: value
      integer, intent(out), optional :: ierr

      call set_int64(config, name, int(value, int64), ierr)
   end subroutine

   subroutine set_int64(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      integer(int64), intent(in) :: value
      integer, intent(out), optional :: ierr
      character(24) :: text

      write (text, '(i0)') value
      call set_text(config, name, text, ierr)
   end subroutine

   subroutine set_real32(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      real(real32), intent(in) :: value
      integer, intent(out), optional :: ierr
      character(24) :: text

      write (text, '(es16.8e2)') value ! digits that give the same number back, and no more: 0.1 is not 0.10000000149
      call set_text(config, name, adjustl(text), ierr)
   end subroutine

   subroutine set_real64(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      real(real64), intent(in) :: value
      integer, intent(out), optional :: ierr
      character(28) :: text

      write (text, '(es24.16e3)') value
      call set_text(config, name, adjustl(text), ierr)
   end subroutine

   subroutine set_logical(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      logical, intent(in) :: value
      integer, intent(out), optional :: ierr

      call set_text(config, name, merge('true ', 'false', value), ierr)
   end subroutine

   !> Reads options from a TOML file. What the file sets wins over lbk_config_set, whichever came first.
   subroutine lbk_config_load(config, path, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: path
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_config_load(config%handle, c_text(path))
      call finish(config%handle, status, ierr)
   end subroutine

   !> The value that an option has now, as text, environment and loaded files considered.
   subroutine lbk_config_get(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      character(:), allocatable, intent(out) :: value
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      allocate (buffer(0))
      do
         status = c_lbk_config_get(config%handle, c_text(name), address(buffer), size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      value = text_in(status, buffer, needed)
      call finish(config%handle, status, ierr)
   end subroutine

   !> Frees a set of options. Sessions opened with it keep their own copy; options that were never created are fine.
   subroutine lbk_config_free(config, ierr)
      type(limbeck_config), intent(inout) :: config
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_config_free(config%handle)
      call forget(config%handle)
      call finish(c_null_ptr, status, ierr)
      config%handle = c_null_ptr
   end subroutine

   !> Lists every option: one line each, with tabs between name, unit, range, default and explanation.
   subroutine lbk_options(list, ierr)
      character(:), allocatable, intent(out) :: list
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      allocate (buffer(0))
      do
         status = c_lbk_options(address(buffer), size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      list = text_in(status, buffer, needed)
      call finish(c_null_ptr, status, ierr)
   end subroutine
end module limbeck_configs
