hidden uintptr_t __get_tp(void);

#define TLS_ABOVE_TP
#define GAP_ABOVE_TP 16

#define MC_PC pc
