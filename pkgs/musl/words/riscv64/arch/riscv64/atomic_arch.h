hidden void __a_barrier(void);
hidden int __a_cas(volatile int *, int, int);
hidden void *__a_cas_p(volatile void *, void *, void *);
hidden void __a_crash(void);

#define a_barrier __a_barrier
#define a_cas __a_cas
#define a_cas_p __a_cas_p
#define a_crash __a_crash
