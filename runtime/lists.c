/* Builtins on lists: builtins/lists.py. */

static PyObject *rt_head(PyObject *self, PyObject *argument) {
    PyObject *list = list_in(argument), *result;
    if (list == NULL) return NULL;
    result = PyTuple_GET_SIZE(list) ? forced(PyTuple_GET_ITEM(list, 0)) : slow1(HEAD, list);
    Py_DECREF(list);
    return result;
}

static PyObject *rt_tail(PyObject *self, PyObject *argument) {
    PyObject *list = list_in(argument), *result;
    if (list == NULL) return NULL;
    result = PyTuple_GET_SIZE(list) ? PyTuple_GetSlice(list, 1, PyTuple_GET_SIZE(list)) : slow1(TAIL, list);
    Py_DECREF(list);
    return result;
}

static PyObject *rt_elem_at(ARGUMENTS) {
    PyObject *index, *list, *result;
    Py_ssize_t at;
    EXPECT(ELEM_AT, 2);
    /* Nix looks at the index first. */
    index = forced(args[1]);
    if (index == NULL) return NULL;
    if (!PyLong_CheckExact(index)) {
        PyObject *stack[2] = {args[0], index};
        result = slow(ELEM_AT, stack, 2);
        Py_DECREF(index);
        return result;
    }
    list = list_in(args[0]);
    if (list == NULL) {
        Py_DECREF(index);
        return NULL;
    }
    at = PyLong_AsSsize_t(index);
    if (at >= 0 && at < PyTuple_GET_SIZE(list)) {
        result = forced(PyTuple_GET_ITEM(list, at));
    } else {
        PyObject *stack[2] = {list, index};
        PyErr_Clear();
        result = slow(ELEM_AT, stack, 2);
    }
    Py_DECREF(index);
    Py_DECREF(list);
    return result;
}

/* Thunk of `map` and `genList` if the function is a builtin or a set: (function, slot). */
static PyObject *apply_late(PyObject *argument) {
    return apply(PyTuple_GET_ITEM(argument, 0), PyTuple_GET_ITEM(argument, 1));
}

static PyObject *rt_apply_late(PyObject *self, PyObject *argument) { return apply_late(argument); }

/* The thunk of a call that waits. */
static inline PyObject *waiting_call(PyObject *function, PyObject *slot) {
    PyObject *parts[2] = {function, slot};
    /* A function of one argument is all that a thunk needs. */
    if (PyMethod_Check(function)) return make_thunk(function, new_reference(slot));
    return make_thunk(table[APPLY_LATE].native, tuple_of(2, parts));
}

static PyObject *rt_map(ARGUMENTS) {
    PyObject *list, *function, *result;
    Py_ssize_t size;
    EXPECT(MAP, 2);
    list = list_in(args[1]);
    if (list == NULL || PyTuple_GET_SIZE(list) == 0) return list;
    function = function_in(args[0]);
    if (function == NULL) {
        Py_DECREF(list);
        return NULL;
    }
    size = PyTuple_GET_SIZE(list);
    result = PyTuple_New(size);
    for (Py_ssize_t i = 0; i < size && result != NULL; i++) {
        PyObject *thunk = waiting_call(function, PyTuple_GET_ITEM(list, i));
        if (thunk != NULL) PyTuple_SET_ITEM(result, i, thunk);
        else Py_CLEAR(result);
    }
    Py_DECREF(list);
    Py_DECREF(function);
    return result;
}

#define LARGE_LIST (1 << 22)

static PyObject *rt_gen_list(ARGUMENTS) {
    PyObject *count_value, *function, *result;
    Py_ssize_t size;
    EXPECT(GEN_LIST, 2);
    count_value = forced(args[1]);
    if (count_value == NULL) return NULL;
    size = PyLong_CheckExact(count_value) ? PyLong_AsSsize_t(count_value) : -1;
    /* Python's own looks whether there is memory for a large one. */
    if (size < 0 || size >= LARGE_LIST) {
        PyObject *stack[2] = {args[0], count_value};
        PyErr_Clear();
        result = slow(GEN_LIST, stack, 2);
        Py_DECREF(count_value);
        return result;
    }
    Py_DECREF(count_value);
    function = function_in(args[0]);
    if (function == NULL) return NULL;
    result = PyTuple_New(size);
    for (Py_ssize_t i = 0; i < size && result != NULL; i++) {
        PyObject *index = PyLong_FromSsize_t(i), *thunk = NULL;
        if (index != NULL) thunk = waiting_call(function, index);
        Py_XDECREF(index);
        if (thunk != NULL) PyTuple_SET_ITEM(result, i, thunk);
        else Py_CLEAR(result);
    }
    Py_DECREF(function);
    return result;
}

static PyObject *rt_filter(ARGUMENTS) {
    PyObject *list, *function, *result;
    EXPECT(FILTER, 2);
    list = list_in(args[1]);
    if (list == NULL || PyTuple_GET_SIZE(list) == 0) return list;
    function = function_in(args[0]);
    if (function == NULL) {
        Py_DECREF(list);
        return NULL;
    }
    result = PyList_New(0);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(list) && result != NULL; i++) {
        PyObject *slot = PyTuple_GET_ITEM(list, i);
        int wanted = truth(apply(function, slot));
        if (wanted < 0 || (wanted && PyList_Append(result, slot) < 0)) Py_CLEAR(result);
    }
    Py_DECREF(list);
    Py_DECREF(function);
    return as_tuple(result);
}

/* `all` and `any`: whether the answer of a test is `decisive` for some element; -1 for an error. */
static int some(PyObject *const *args, int decisive) {
    PyObject *function = function_in(args[0]), *list;
    int found = 0;
    if (function == NULL) return -1;
    list = list_in(args[1]);
    if (list == NULL) found = -1;
    for (Py_ssize_t i = 0; found == 0 && i < PyTuple_GET_SIZE(list); i++) {
        int answer = truth(apply(function, PyTuple_GET_ITEM(list, i)));
        if (answer < 0) found = -1;
        else if (answer == decisive) found = 1;
    }
    Py_XDECREF(list);
    Py_DECREF(function);
    return found;
}

static PyObject *rt_all(ARGUMENTS) {
    int found;
    EXPECT(ALL, 2);
    found = some(args, 0);
    return found < 0 ? NULL : boolean(!found);
}

static PyObject *rt_any(ARGUMENTS) {
    EXPECT(ANY, 2);
    return boolean(some(args, 1));
}

static PyObject *rt_elem(ARGUMENTS) {
    PyObject *list;
    int found = 0;
    EXPECT(ELEM, 2);
    list = list_in(args[1]);
    if (list == NULL) return NULL;
    for (Py_ssize_t i = 0; found == 0 && i < PyTuple_GET_SIZE(list); i++)
        found = equal_slots(args[0], PyTuple_GET_ITEM(list, i));
    Py_DECREF(list);
    return boolean(found);
}

/* Put the elements of a list, in a slot, at the end of `result`. */
static int extend(PyObject *result, PyObject *slot) {
    PyObject *list = list_in(slot);
    int status = 0;
    if (list == NULL) return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(list) && status == 0; i++)
        status = PyList_Append(result, PyTuple_GET_ITEM(list, i));
    Py_DECREF(list);
    return status;
}

static PyObject *rt_concat_lists(PyObject *self, PyObject *argument) {
    PyObject *lists = list_in(argument), *result;
    if (lists == NULL) return NULL;
    result = PyList_New(0);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(lists) && result != NULL; i++)
        if (extend(result, PyTuple_GET_ITEM(lists, i)) < 0) Py_CLEAR(result);
    Py_DECREF(lists);
    return as_tuple(result);
}

static PyObject *rt_concat_map(ARGUMENTS) {
    PyObject *function, *list, *result = NULL;
    EXPECT(CONCAT_MAP, 2);
    function = function_in(args[0]);
    if (function == NULL) return NULL;
    list = list_in(args[1]);
    if (list != NULL) result = PyList_New(0);
    for (Py_ssize_t i = 0; result != NULL && i < PyTuple_GET_SIZE(list); i++) {
        PyObject *found = apply(function, PyTuple_GET_ITEM(list, i));
        if (found == NULL || extend(result, found) < 0) Py_CLEAR(result);
        Py_XDECREF(found);
    }
    Py_XDECREF(list);
    Py_DECREF(function);
    return as_tuple(result);
}

static PyObject *rt_fold_left(ARGUMENTS) {
    PyObject *step, *list, *accumulator;
    EXPECT(FOLD_LEFT, 3);
    step = function_in(args[0]);
    if (step == NULL) return NULL;
    list = list_in(args[2]);
    if (list == NULL) {
        Py_DECREF(step);
        return NULL;
    }
    accumulator = PyTuple_GET_SIZE(list) ? new_reference(args[1]) : forced(args[1]);
    for (Py_ssize_t i = 0; accumulator != NULL && i < PyTuple_GET_SIZE(list); i++) {
        PyObject *next = apply2(step, accumulator, PyTuple_GET_ITEM(list, i));
        Py_DECREF(accumulator);
        accumulator = next;
    }
    Py_DECREF(list);
    Py_DECREF(step);
    return accumulator;
}
