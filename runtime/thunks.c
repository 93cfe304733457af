/* Forcing: force.py and the first half of builtins/arguments.py. */

static PyObject *run_late(PyObject *function, PyObject *argument);

/* Errors find places in the traceback; what trace.py looks for there is put into it as a frame with those variables. */
static void leave_frame(PyObject *code, PyObject *variables) { /* takes over `variables` */
    PyObject *type, *value, *traceback;
    PyFrameObject *frame = NULL;
    PyErr_Fetch(&type, &value, &traceback);
    if (variables != NULL) {
        PyObject *globals = PyDict_New();
        if (globals != NULL) {
            frame = PyFrame_New(PyThreadState_Get(), (PyCodeObject *)code, globals, variables);
            Py_DECREF(globals);
        }
        Py_DECREF(variables);
    }
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    if (frame != NULL) {
        PyTraceBack_Here(frame);
        Py_DECREF(frame);
    }
}

static void leave_forcing(PyObject *thunk) {
    if (PyErr_ExceptionMatches(INFINITE_RECURSION)) leave_frame(FORCING_CODE, Py_BuildValue("{sO}", "thunk", thunk));
}

/* Call what a thunk has as its function. */
static inline PyObject *run(PyObject *function, PyObject *argument) {
    PyObject *stack[3] = {NULL, NULL, argument};
    if (PyFunction_Check(function)) return invoke(function, stack + 2, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET);
    if (PyMethod_Check(function)) {
        stack[1] = PyMethod_GET_SELF(function);
        return invoke(PyMethod_GET_FUNCTION(function), stack + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET);
    }
    if (PyCFunction_CheckExact(function)) return run_late(function, argument);
    return invoke(function, stack + 2, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET);
}

/* `force` of a list that is no value yet. */
static PyObject *force_thunk(PyObject *thunk) {
    PyObject *function, *argument, *value;
    if (too_deep()) return NULL;
    Py_INCREF(thunk);
    function = PyList_GET_ITEM(thunk, 0);
    argument = new_reference(PyList_GET_ITEM(thunk, 1));
    PyList_SET_ITEM(thunk, 0, new_reference(BLACKHOLE));
    value = run(function, argument);
    if (value == NULL) {
        PyList_SET_ITEM(thunk, 0, function);
        Py_DECREF(BLACKHOLE);
        Py_DECREF(argument);
        leave_forcing(thunk);
        Py_DECREF(thunk);
        return NULL;
    }
    PyList_SET_ITEM(thunk, 0, new_reference(Py_None));
    Py_DECREF(BLACKHOLE);
    PyList_SET_ITEM(thunk, 1, new_reference(value));
    Py_DECREF(argument);
    Py_DECREF(argument);
    Py_DECREF(function);
    Py_DECREF(thunk);
    return value;
}

static inline PyObject *forced(PyObject *slot) {
    if (!PyList_CheckExact(slot)) return new_reference(slot);
    if (PyList_GET_ITEM(slot, 0) == Py_None) return new_reference(PyList_GET_ITEM(slot, 1));
    return force_thunk(slot);
}

static PyObject *rt_force(PyObject *self, PyObject *thunk) { return forced(thunk); }

/* `force_attr`: the value takes the place of the thunk, unless it is a function or a list. */
static PyObject *forced_attr(PyObject *attrs, PyObject *name, PyObject *slot) {
    PyObject *value;
    if (!PyList_CheckExact(slot)) return new_reference(slot);
    value = forced(slot);
    if (value != NULL && !PyMethod_Check(value) && !PyTuple_CheckExact(value) && PyDict_SetItem(attrs, name, value) < 0)
        Py_CLEAR(value);
    return value;
}

static PyObject *rt_force_attr(ARGUMENTS) {
    EXPECT(FORCE_ATTR, 3);
    return forced_attr(args[0], args[1], args[2]);
}

/* --- arguments */

static PyObject *list_in(PyObject *slot) {
    PyObject *found = forced(slot);
    if (found != NULL && !PyTuple_CheckExact(found)) {
        PyObject *result = slow1(ITEMS, found);
        Py_DECREF(found);
        return result;
    }
    return found;
}

static PyObject *rt_items(PyObject *self, PyObject *slot) { return list_in(slot); }

static PyObject *set_in(PyObject *slot) {
    PyObject *found = forced(slot);
    if (found != NULL && !PyDict_CheckExact(found)) {
        PyObject *result = slow1(ATTRS, found);
        Py_DECREF(found);
        return result;
    }
    return found;
}

static PyObject *rt_attrs(PyObject *self, PyObject *slot) { return set_in(slot); }

static PyObject *function_in(PyObject *slot) {
    PyObject *found = forced(slot);
    if (found != NULL && !PyMethod_Check(found) && !Py_IS_TYPE(found, BUILTIN) && !Py_IS_TYPE(found, PARTIAL)) {
        PyObject *result = slow1(FUNCTION, found);
        Py_DECREF(found);
        return result;
    }
    return found;
}

static PyObject *rt_function(PyObject *self, PyObject *slot) { return function_in(slot); }

static PyObject *name_in(PyObject *slot) {
    PyObject *found = forced(slot);
    if (found != NULL && !PyUnicode_CheckExact(found)) {
        PyObject *result = slow1(PLAIN_STRING, found);
        Py_DECREF(found);
        return result;
    }
    return found;
}

static PyObject *rt_plain_string(PyObject *self, PyObject *slot) { return name_in(slot); }

/* 1, 0 or -1 for an error; takes over `answer`, which may be NULL. */
static int truth(PyObject *answer) {
    int result;
    if (answer == NULL) return -1;
    if (answer == Py_True || answer == Py_False) {
        result = answer == Py_True;
    } else {
        PyObject *none = slow1(BOOLEAN, answer);
        Py_XDECREF(none);
        result = none == NULL ? -1 : none == Py_True;
    }
    Py_DECREF(answer);
    return result;
}
