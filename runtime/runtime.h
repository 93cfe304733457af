/* What the parts of the compiled runtime share.

   Every function here does what the Python function of the same name does, for the values that are met most; for all
   others, and for every error, it calls that function. It does so before anything happened that a program can see, or
   hands over what was evaluated already. So there is one place that says what an error is.

   Reference counts: a function answers a new reference or NULL with an exception set, and borrows its arguments.
   Evaluating may put a value where a thunk stood, so that a slot taken from a set is kept alive while it is forced. */

#ifndef CHX_RUNTIME_H
#define CHX_RUNTIME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>
#include <pthread.h>
#include <structmember.h>

/* A compiled function, the Python function it stands for, the object that Python calls, and what keeps its `ml_doc`. */
typedef struct {
    const char *name;
    PyMethodDef method;
    PyObject *pure;
    PyObject *native;
    PyObject *documentation;
} Replacement;

enum {
    FORCE, FORCE_SLOT, FORCE_ATTR,
    NAMES, SIZE,
    VALUE, ITEMS, ATTRS, FUNCTION, BOOLEAN, PLAIN_STRING,
    CALL, CALL2, CALL3,
    SELECT_SLOT, SELECT_SLOT1, SELECT_LATE, LOOKUP, LOOKUP_SLOT, LOOKUP_LATE, INHERIT_SLOT, INHERIT_FROM,
    UPDATE, JOIN_SITES, SELECT, SELECT_OR, HAS_PATH,
    EQUAL, EQUAL_SLOTS, IS_ORDERED,
    HEAD, TAIL, ELEM_AT, MAP, APPLY_LATE, FILTER, ALL, ANY, ELEM, CONCAT_LISTS, CONCAT_MAP, FOLD_LEFT, GEN_LIST,
    ATTR_NAMES, ATTR_VALUES, CAT_ATTRS, GET_ATTR, HAS_ATTR, REMOVE_ATTRS, INTERSECT_ATTRS, LIST_TO_ATTRS, MAP_ATTRS,
    APPLY_FULL, APPLY_LATE_NAMED, APPLY_NAMED, ZIP_ATTRS_WITH, GROUP_BY,
    COERCE_TO_STRING, INTERPOLATE, FILL, ALL_ASCII, BASE32_ENCODE, CANONICAL_JSON, PATH_OF_FILE, UPSTREAM_PLACEHOLDER,
    REPLACEMENTS
};

static Replacement table[REPLACEMENTS];

/* What the Python modules hand over by `share`, see module.c. */
static PyObject *WHERE_KEY, *MISSING_VALUE, *FULL2_FUNCTIONS, *FULL3_FUNCTIONS, *BLACKHOLE;
static PyObject *INFINITE_RECURSION, *FORCING_CODE, *LATE_CODE, *NO_NAME, *NO_CONTEXT, *STORE_DIR;
static PyTypeObject *CONTEXT_STRING, *PATH, *BUILTIN, *PARTIAL, *STORE_PATH;
static Py_ssize_t context_string_text, context_string_context, builtin_arity, builtin_function, partial_arguments, partial_builtin;

#define SLOT_AT(object, offset) (*(PyObject **)((char *)(object) + (offset)))

#define ARGUMENTS PyObject *self, PyObject *const *args, Py_ssize_t count

/* The C stack that may be used by the thread that was here last: a function that finds itself outside asks anew. */
#define STACK_RESERVE (256 * 1024)
static char *stack_low, *stack_high;

static int no_stack_left(char *here) {
    pthread_attr_t attributes;
    void *lowest;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0) {
        size_t reserve = size / 2 < STACK_RESERVE ? size / 2 : STACK_RESERVE;
        stack_low = (char *)lowest + reserve;
        stack_high = (char *)lowest + size;
    }
    pthread_attr_destroy(&attributes);
    return here < stack_low;
}

static inline int too_deep(void) {
    char *here = __builtin_frame_address(0);
    if (__builtin_expect(here > stack_low && here <= stack_high, 1)) return 0;
    if (!no_stack_left(here)) return 0;
    PyErr_SetString(PyExc_RecursionError, "no stack is left");
    return 1;
}

/* Call something of Python's. All calls go this way, since each takes C stack. */
static inline PyObject *invoke(PyObject *function, PyObject *const *arguments, size_t count) {
    if (too_deep()) return NULL;
    return PyObject_Vectorcall(function, arguments, count, NULL);
}

/* The Python function, where the fast way does not apply. */
static inline PyObject *slow(int which, PyObject *const *args, Py_ssize_t count) {
    return invoke(table[which].pure, args, count);
}

static inline PyObject *slow1(int which, PyObject *argument) {
    return invoke(table[which].pure, &argument, 1);
}

/* A wrong number of arguments is a mistake of ours: the Python function says so. */
#define EXPECT(which, number) \
    if (count != (number)) return slow(which, args, count)

static inline PyObject *new_reference(PyObject *object) {
    Py_INCREF(object);
    return object;
}

static inline PyObject *make_thunk(PyObject *function, PyObject *argument) { /* takes over `argument` */
    PyObject *thunk;
    if (argument == NULL) return NULL;
    thunk = PyList_New(2);
    if (thunk == NULL) {
        Py_DECREF(argument);
        return NULL;
    }
    PyList_SET_ITEM(thunk, 0, new_reference(function));
    PyList_SET_ITEM(thunk, 1, argument);
    return thunk;
}

static inline PyObject *tuple_of(Py_ssize_t size, PyObject *const *parts) {
    PyObject *result = PyTuple_New(size);
    if (result == NULL) return NULL;
    for (Py_ssize_t i = 0; i < size; i++) PyTuple_SET_ITEM(result, i, new_reference(parts[i]));
    return result;
}

#endif
