#include "atomics.h"
#ifdef LIBCAP_ATOMICS
#include <pthread.h>

static pthread_mutex_t all = PTHREAD_MUTEX_INITIALIZER;

static unsigned char swapped(unsigned char *lock, unsigned char value) {
    unsigned char before;
    pthread_mutex_lock(&all);
    before = *lock;
    *lock = value;
    pthread_mutex_unlock(&all);
    return before;
}

int _libcap_test_and_set(void *lock) { return swapped(lock, 1); }
void _libcap_clear(void *lock) { swapped(lock, 0); }
#else
typedef int nothing_is_missing;
#endif
