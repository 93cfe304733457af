/* Memory in large pages.

   Python asks the system for memory in arenas of one megabyte, and the processor for each page of it when it is first
   touched: a sixth of a large evaluation. So once an evaluation has taken a few arenas, more come as parts of pieces that
   the system may fill with pages of two megabytes. A small evaluation never gets there. */

#include <sys/mman.h>

#define LARGE_PAGE (2 << 20)
#define PIECE (4 << 20)
#define FIRST_ORDINARY 4

static PyObjectArenaAllocator ordinary_arenas;
static char *piece;
static size_t piece_left;
static int arenas_made;

/* A new piece, its beginning where a large page may begin; 0 if there is none. */
static int take_piece(void) {
    char *found = mmap(NULL, PIECE + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;
    if (found == MAP_FAILED) return 0;
    before = (LARGE_PAGE - ((size_t)found & (LARGE_PAGE - 1))) & (LARGE_PAGE - 1);
    if (before) munmap(found, before);
    if (before < LARGE_PAGE) munmap(found + before + PIECE, LARGE_PAGE - before);
    piece = found + before;
    piece_left = PIECE;
    madvise(piece, PIECE, MADV_HUGEPAGE);
    return 1;
}

static void *take_arena(void *context, size_t size) {
    void *arena;
    if (arenas_made++ < FIRST_ORDINARY || size > PIECE || (piece_left < size && !take_piece()))
        return ordinary_arenas.alloc(ordinary_arenas.ctx, size);
    arena = piece;
    piece += size;
    piece_left -= size;
    return arena;
}

/* The ordinary way to give an arena back is to unmap it, which also does for a part of a piece. */
static void use_large_pages(void) {
    PyObjectArenaAllocator ours;
    PyObject_GetArenaAllocator(&ordinary_arenas);
    ours = ordinary_arenas;
    ours.alloc = take_arena;
    PyObject_SetArenaAllocator(&ours);
}
