// OpenBLAS as Limn uses it: CBLAS matrix products and LAPACK's symmetric eigenvalues.
#include <cblas.h>
#include <lapacke.h>
