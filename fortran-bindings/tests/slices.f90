!> Slices of every kind go to the library as they lie in memory: it sees the address of their first value and their own
!> byte strides, and gets the right values. slices_witness.c stands between (linked with --wrap) and notes what it saw.
program slices
   use, intrinsic :: iso_c_binding
   use, intrinsic :: iso_fortran_env, only: int64, real32, real64
   use checks
   implicit none

   type :: field
      real(real64), allocatable :: v(:, :, :)
   end type

   interface
      subroutine witness(address, rank, strides) bind(c)
         import :: c_ptr, c_int32_t, c_int64_t
         type(c_ptr), intent(out) :: address
         integer(c_int32_t), intent(out) :: rank
         integer(c_int64_t), intent(out) :: strides(3)
      end subroutine
   end interface

   integer, parameter :: nx = 8, ny = 5, nz = 4
   type(field), target :: u
   real(real64), target :: q(4, 0:nx + 1, 0:ny + 1, 0:nz + 1), line(3*nx)
   real(real32), target :: plane(nx + 2, ny)
   real(real32), pointer :: view(:, :)
   real(real64) :: back(nx, ny, nz), flat(nx)
   real(real32) :: single(nx, ny)
   type(limbeck_session) :: s
   type(limbeck_variable) :: v3, v2, v1
   type(limbeck_block) :: b3, b2, b1
   type(limbeck_archive) :: a
   integer :: i, j, k, ierr

   allocate (u%v(0:nx + 1, 0:ny + 1, 0:nz + 1), source=-1e30_real64)
   q = -1e30_real64
   line = -1e30_real64
   plane = -1e30_real32
   do k = 1, nz
      do j = 1, ny
         do i = 1, nx
            u%v(i, j, k) = value(i, j, k)
            q(3, i, j, k) = value(i, j, k)
         end do
      end do
   end do
   do j = 1, ny
      do i = 1, nx
         plane(i + 1, j) = real(value(i, j, 1), real32)
      end do
   end do
   do i = 1, nx
      line(3*i - 1) = value(i, 1, 1)
   end do

   call open_exact('slices.lbk', s)
   call lbk_variable_define(s, 'three', LBK_FLOAT64, [nx, ny, nz], v3)
   call lbk_variable_define(s, 'two', LBK_FLOAT32, [nx, ny], v2)
   call lbk_variable_define(s, 'one', LBK_FLOAT64, [nx], v1)
   call lbk_variable_add_block(v3, [0, 0, 0], [nx, ny, nz], b3)
   call lbk_variable_add_block(v2, [0, 0], [nx, ny], b2)
   call lbk_variable_add_block(v1, [0], [nx], b1)
   call lbk_session_commit(s, ierr)
   call expect(LBK_OK, ierr, 'commit')

   ! A component of a derived type with ghosts; the middle of every row; every third value.
   call lbk_step_begin(s, 0, 0.0_real64)
   call lbk_put(s, b3, u%v(1:nx, 1:ny, 1:nz), ierr)
   call expect(LBK_OK, ierr, 'ghosts')
   call seen('ghosts', c_loc(u%v(1, 1, 1)), [8, 8*(nx + 2), 8*(nx + 2)*(ny + 2)])
   call lbk_put(s, b2, plane(2:nx + 1, :), ierr)
   call expect(LBK_OK, ierr, 'rows')
   call seen('rows', c_loc(plane(2, 1)), [4, 4*(nx + 2)])
   call lbk_put(s, b1, line(2::3), ierr)
   call expect(LBK_OK, ierr, 'every third')
   call seen('every third', c_loc(line(2)), [24])
   call lbk_step_end(s, ierr)
   call expect(LBK_OK, ierr, 'step 0')

   ! One variable of an array of all of them; a pointer to a slice; a slice that runs downwards.
   view => plane(2:nx + 1, :)
   call lbk_step_begin(s, 1, 1.0_real64)
   call lbk_put(s, b3, q(3, 1:nx, 1:ny, 1:nz), ierr)
   call expect(LBK_OK, ierr, 'of four')
   call seen('of four', c_loc(q(3, 1, 1, 1)), [32, 32*(nx + 2), 32*(nx + 2)*(ny + 2)])
   call lbk_put(s, b2, view, ierr)
   call expect(LBK_OK, ierr, 'pointer')
   call seen('pointer', c_loc(plane(2, 1)), [4, 4*(nx + 2)])
   call lbk_put(s, b1, line(3*nx - 1:1:-3), ierr)
   call expect(LBK_OK, ierr, 'downwards')
   call seen('downwards', c_loc(line(3*nx - 1)), [-24])
   call lbk_step_end(s, ierr)
   call expect(LBK_OK, ierr, 'step 1')

   ! Through procedures: explicit shape, assumed size with bounds, assumed shape.
   call lbk_step_begin(s, 2, 2.0_real64)
   call through_explicit(u%v, nx + 2, ny + 2, nz + 2)
   call lbk_put(s, b2, plane(2:nx + 1, ny:1:-1))
   call through_size(line)
   call lbk_step_end(s, ierr)
   call expect(LBK_OK, ierr, 'step 2')
   call lbk_session_close(s, ierr)
   call expect(LBK_OK, ierr, 'close')

   call lbk_archive_open('slices.lbk.d', a, ierr)
   call expect(LBK_OK, ierr, 'open')
   do k = 0, 2
      call lbk_archive_read(a, 'three', k, back, ierr=ierr)
      call expect(LBK_OK, ierr, 'read three')
      call check(all(back == u%v(1:nx, 1:ny, 1:nz)), 'three')
      call lbk_archive_read(a, 'two', k, single, ierr=ierr)
      call expect(LBK_OK, ierr, 'read two')
      if (k == 2) single = single(:, ny:1:-1)
      call check(all(single == plane(2:nx + 1, :)), 'two')
      call lbk_archive_read(a, 'one', k, flat, ierr=ierr)
      call expect(LBK_OK, ierr, 'read one')
      if (k == 1) flat = flat(nx:1:-1)
      call check(all(flat == line(2::3)), 'one')
   end do

   ! Read into the same kinds of slices; what lies in between stays.
   u%v = -7
   call lbk_archive_read(a, 'three', 0, u%v(1:nx, 1:ny, 1:nz), ierr=ierr)
   call expect(LBK_OK, ierr, 'read into ghosts')
   call check(all(u%v(1:nx, 1:ny, 1:nz) == back), 'inside')
   u%v(1:nx, 1:ny, 1:nz) = -7
   call check(all(u%v == -7), 'ghosts stay')
   call lbk_archive_read(a, 'three', 0, q(2, 1:3, 1:3, 1:2), [1, 0, 1], [3, 2, 2], ierr)
   call expect(LBK_OK, ierr, 'read every nth')
   call check(all(q(2, 1:3, 1:3, 1:2) == back(2:8:3, 1:5:2, 2:4:2)), 'every nth')
   call check(all(q(2, 4:, :, :) < -1e29) .and. all(q(1, :, :, :) < -1e29), 'others stay')
   view = 0
   call lbk_archive_read(a, 'two', 0_int64, view, ierr=ierr)
   call expect(LBK_OK, ierr, 'read into a pointer')
   call check(all(plane(2:nx + 1, :) == single) .and. all(plane(1, :) < -1e29), 'through a pointer')
   line = 0
   call lbk_archive_read(a, 'one', 0_int64, line(3*nx - 1:1:-3), [0_int64], ierr=ierr)
   call expect(LBK_OK, ierr, 'read downwards')
   call check(all(line(3*nx - 1:1:-3) == [(value(i, 1, 1), i=1, nx)]) .and. all(line(1::3) == 0), 'downwards')
   call lbk_archive_close(a, ierr)
   call expect(LBK_OK, ierr, 'archive close')
   call finish

contains

   pure function value(i, j, k)
      integer, intent(in) :: i, j, k
      real(real64) :: value

      value = i + 100*j + 10000*k
   end function

   !> The last put was seen with this address and these strides, fastest dimension first.
   subroutine seen(what, address, strides)
      character(*), intent(in) :: what
      type(c_ptr), intent(in) :: address
      integer, intent(in) :: strides(:)
      type(c_ptr) :: got
      integer(c_int32_t) :: rank
      integer(c_int64_t) :: bytes(3)

      call witness(got, rank, bytes)
      call check(c_associated(got, address), what//': address')
      call check(rank == size(strides), what//': rank')
      if (rank == size(strides)) call check(all(bytes(rank:1:-1) == strides), what//': strides')
   end subroutine

   subroutine through_explicit(f, mx, my, mz)
      integer, intent(in) :: mx, my, mz
      real(real64), intent(in), target :: f(0:mx - 1, 0:my - 1, 0:mz - 1)
      integer :: status

      call lbk_put(s, b3, f(1:mx - 2, 1:my - 2, 1:mz - 2), status)
      call expect(LBK_OK, status, 'explicit shape')
      call seen('explicit shape', c_loc(f(1, 1, 1)), [8, 8*mx, 8*mx*my])
   end subroutine

   subroutine through_size(f)
      real(real64), intent(in), target :: f(*)
      integer :: status

      call lbk_put(s, b1, f(2:3*nx:3), status)
      call expect(LBK_OK, status, 'assumed size with bounds')
      call seen('assumed size with bounds', c_loc(f(2)), [24])
   end subroutine
end program slices
