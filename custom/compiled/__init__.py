"""What numba needs: kernels compiled and kept on disk, and threads that run them."""
