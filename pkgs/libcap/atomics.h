/* A lock of one byte for a compiler without atomic operations, such as tcc: a mutex of the C library protects all of them. */
#ifndef __ATOMIC_SEQ_CST
#define __ATOMIC_SEQ_CST 5
#define __atomic_test_and_set(lock, order) _libcap_test_and_set(lock)
#define __atomic_clear(lock, order) _libcap_clear(lock)
int _libcap_test_and_set(void *lock);
void _libcap_clear(void *lock);
#define LIBCAP_ATOMICS
#endif
