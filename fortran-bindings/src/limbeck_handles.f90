!> What a program holds of limbeck, and how these bindings hand texts and errors to and fro.
module limbeck_handles
   use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_f_pointer, c_int32_t, c_loc, c_null_char, c_null_ptr, &
                                          c_ptr, c_size_t
   use limbeck_constants, only: LBK_BUFFER_TOO_SMALL, LBK_INVALID_ARGUMENT, LBK_OK
   implicit none
   private

   !> Options of a run; from lbk_config_create to lbk_config_free.
   type, public :: limbeck_config
      type(c_ptr) :: handle = c_null_ptr !< lbk_config *, for calls of the C interface
   end type

   !> A run that is being written; from lbk_session_open to lbk_session_close.
   type, public :: limbeck_session
      type(c_ptr) :: handle = c_null_ptr                      !< lbk_session *
      type(defined_variable), pointer :: variables => null() !< those that were defined, the last one first
   end type

   !> A variable of a run; lives as long as its session.
   type, public :: limbeck_variable
      type(c_ptr) :: handle = c_null_ptr  !< lbk_variable *
      type(c_ptr) :: session = c_null_ptr !< lbk_session * it belongs to
      integer :: rank = 0                 !< number of dimensions
   end type

   !> The box of a variable that lies in one array of this process; lives as long as its session.
   type, public :: limbeck_block
      type(c_ptr) :: handle = c_null_ptr  !< lbk_block *
      type(c_ptr) :: session = c_null_ptr !< lbk_session * it belongs to
   end type

   !> An archive, or a run that is not finished, opened for reading; from lbk_archive_open to lbk_archive_close.
   type, public :: limbeck_archive
      type(c_ptr) :: handle = c_null_ptr !< lbk_archive *
   end type

   !> A variable in the list of a session.
   type, public :: defined_variable
      type(limbeck_variable) :: variable
      type(defined_variable), pointer :: next => null()
   end type

   public :: finish, fail, end_of, kept_for, forget, c_text, f_text, address, complete, text_in, last_error

   interface
      subroutine c_failed(handle, status, asked) bind(c, name='limbeck_fortran_failed')
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: handle
         integer(c_int32_t), value :: status, asked
      end subroutine

      subroutine c_fail(status, message, handle, asked) bind(c, name='limbeck_fortran_fail')
         import :: c_char, c_int32_t, c_ptr
         integer(c_int32_t), value :: status, asked
         character(kind=c_char), intent(in) :: message(*)
         type(c_ptr), value :: handle
      end subroutine

      function c_kept(handle) bind(c, name='limbeck_fortran_kept') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: handle
         integer(c_int32_t) :: status
      end function

      function c_end(handle, own_status) bind(c, name='limbeck_fortran_end') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: handle
         integer(c_int32_t), value :: own_status
         integer(c_int32_t) :: status
      end function

      subroutine forget(handle) bind(c, name='limbeck_fortran_forget')
         import :: c_ptr
         type(c_ptr), value :: handle
      end subroutine

      function c_message(buffer, size) bind(c, name='limbeck_fortran_message') result(needed)
         import :: c_ptr, c_size_t
         type(c_ptr), value :: buffer
         integer(c_size_t), value :: size
         integer(c_size_t) :: needed
      end function

      function c_strlen(text) bind(c, name='strlen') result(length)
         import :: c_ptr, c_size_t
         type(c_ptr), value :: text
         integer(c_size_t) :: length
      end function
   end interface

contains

   !> Ends a call of the library on a handle: hands the status on, or keeps the error where nobody asks.
   subroutine finish(handle, status, ierr)
      type(c_ptr), intent(in) :: handle
      integer(c_int32_t), intent(in) :: status
      integer, intent(out), optional :: ierr

      if (status /= LBK_OK) call c_failed(handle, status, merge(1_c_int32_t, 0_c_int32_t, present(ierr)))
      if (present(ierr)) ierr = int(status)
   end subroutine

   !> Ends a call that these bindings refuse, mostly because an argument is wrong.
   subroutine fail(handle, message, ierr, status)
      type(c_ptr), intent(in) :: handle
      character(*), intent(in) :: message
      integer, intent(out), optional :: ierr
      integer(c_int32_t), intent(in), optional :: status !< default LBK_INVALID_ARGUMENT
      integer(c_int32_t) :: told

      told = LBK_INVALID_ARGUMENT
      if (present(status)) told = status
      call c_fail(told, c_text(message), handle, merge(1_c_int32_t, 0_c_int32_t, present(ierr)))
      if (present(ierr)) ierr = int(told)
   end subroutine

   !> Ends the call that closed a handle: its own error, or the first one that was kept for it.
   subroutine end_of(handle, status, ierr)
      type(c_ptr), intent(in) :: handle
      integer(c_int32_t), intent(in) :: status
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: told

      told = c_end(handle, status)
      if (present(ierr)) ierr = int(told)
   end subroutine

   !> The first error that was kept for a handle; its message becomes the last one.
   function kept_for(handle) result(status)
      type(c_ptr), intent(in) :: handle
      integer(c_int32_t) :: status

      status = c_kept(handle)
   end function

   !> A text for C, without trailing blanks.
   pure function c_text(text)
      character(*), intent(in) :: text
      character(kind=c_char, len=:), allocatable :: c_text

      c_text = trim(text)//c_null_char
   end function

   !> A text of C; empty for NULL.
   function f_text(text)
      type(c_ptr), intent(in) :: text
      character(:), allocatable :: f_text
      character(kind=c_char), pointer :: characters(:)
      integer(c_size_t) :: length

      length = 0
      if (c_associated(text)) length = c_strlen(text)
      if (length == 0) then
         f_text = ''
      else
         call c_f_pointer(text, characters, [length])
         f_text = joined(characters)
      end if
   end function

   !> Where C may write a text; NULL for an empty buffer, which asks for the size.
   function address(buffer)
      character(kind=c_char), intent(in), target :: buffer(:)
      type(c_ptr) :: address

      address = c_null_ptr
      if (size(buffer) > 0) address = c_loc(buffer(1))
   end function

   !> True if a call that hands out a text is done; false if it is to be made again with the buffer, which is larger
   !> now.
   function complete(status, needed, buffer)
      integer(c_int32_t), intent(in) :: status
      integer(c_size_t), intent(in) :: needed
      character(kind=c_char), allocatable, target, intent(inout) :: buffer(:)
      logical :: complete

      complete = .true.
      if (status /= LBK_OK .and. status /= LBK_BUFFER_TOO_SMALL) return
      if (size(buffer, kind=c_size_t) >= needed) return
      deallocate (buffer)
      allocate (buffer(needed + needed/4)) ! a text may have grown until the next call
      complete = .false.
   end function

   !> The text that C wrote, its NUL not counted; empty if the call failed.
   function text_in(status, buffer, needed) result(text)
      integer(c_int32_t), intent(in) :: status
      character(kind=c_char), intent(in) :: buffer(:)
      integer(c_size_t), intent(in) :: needed
      character(:), allocatable :: text

      if (status == LBK_OK .and. needed > 0) then
         text = joined(buffer(1:needed - 1))
      else
         text = ''
      end if
   end function

   !> The message of the last failure on this thread.
   function last_error() result(message)
      character(:), allocatable :: message
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed

      allocate (buffer(0))
      do
         needed = c_message(address(buffer), size(buffer, kind=c_size_t))
         if (complete(int(LBK_OK, c_int32_t), needed, buffer)) exit
      end do
      message = text_in(int(LBK_OK, c_int32_t), buffer, needed)
   end function

   pure function joined(characters) result(text)
      character(kind=c_char), intent(in) :: characters(:)
      character(len=size(characters)) :: text
      integer :: i

      do i = 1, size(characters)
         text(i:i) = characters(i)
      end do
   end function
end module limbeck_handles
