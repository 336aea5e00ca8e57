// OpenBLAS as Limn uses it: CBLAS matrix products and LAPACK's symmetric eigenvalues.
// The C interface of LAPACK is another package; its Fortran entry point is in OpenBLAS itself.
#include <cblas.h>

// Eigenvalues w (ascending) and, for *job 'V', eigenvectors (in a, by columns) of a symmetric matrix of order *n.
// With *lwork or *liwork −1 the sizes of the work arrays are returned in work[0] and iwork[0]. *info is 0 on success.
void dsyevd_(
    const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w, double *work,
    const int *lwork, int *iwork, const int *liwork, int *info);
