/* Calling: `call`, `call2`, `call3` of operators.py. */

/* `call`. */
static PyObject *apply(PyObject *function, PyObject *argument) {
    if (PyMethod_Check(function)) return run(function, argument);
    if (Py_IS_TYPE(function, BUILTIN)) {
        long arity = PyLong_AsLong(SLOT_AT(function, builtin_arity));
        PyObject *arguments, *result;
        if (arity == 1) return invoke(SLOT_AT(function, builtin_function), &argument, 1);
        arguments = tuple_of(1, &argument);
        if (arguments == NULL) return NULL;
        result = PyObject_CallFunctionObjArgs((PyObject *)PARTIAL, function, arguments, NULL);
        Py_DECREF(arguments);
        return result;
    }
    if (Py_IS_TYPE(function, PARTIAL)) {
        PyObject *given = SLOT_AT(function, partial_arguments), *builtin = SLOT_AT(function, partial_builtin);
        Py_ssize_t size = PyTuple_GET_SIZE(given);
        if (size < 7 && size + 1 == PyLong_AsLong(SLOT_AT(builtin, builtin_arity))) {
            PyObject *stack[8];
            for (Py_ssize_t i = 0; i < size; i++) stack[i] = PyTuple_GET_ITEM(given, i);
            stack[size] = argument;
            return invoke(SLOT_AT(builtin, builtin_function), stack, size + 1);
        }
    }
    {
        PyObject *stack[2] = {function, argument};
        return slow(CALL, stack, 2);
    }
}

static PyObject *rt_call(ARGUMENTS) {
    EXPECT(CALL, 2);
    return apply(args[0], args[1]);
}

/* The function that takes all arguments of a curried lambda at once, borrowed, or NULL. */
static inline PyObject *full_of(PyObject *table_of_functions, PyObject *method) {
    return PyDict_GetItemWithError(table_of_functions, PyMethod_GET_FUNCTION(method));
}

/* Call the result of a call with one more argument; takes over `function`, which may be NULL. */
static PyObject *apply_next(PyObject *function, PyObject *argument) {
    PyObject *result;
    if (function == NULL) return NULL;
    result = apply(function, argument);
    Py_DECREF(function);
    return result;
}

static PyObject *apply2(PyObject *function, PyObject *first, PyObject *second) {
    if (PyMethod_Check(function)) {
        PyObject *full = full_of(FULL2_FUNCTIONS, function);
        if (full != NULL) {
            PyObject *stack[4] = {NULL, PyMethod_GET_SELF(function), first, second};
            return invoke(full, stack + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET);
        }
        if (PyErr_Occurred()) return NULL;
    } else if (Py_IS_TYPE(function, BUILTIN) && PyLong_AsLong(SLOT_AT(function, builtin_arity)) == 2) {
        PyObject *stack[2] = {first, second};
        return invoke(SLOT_AT(function, builtin_function), stack, 2);
    }
    return apply_next(apply(function, first), second);
}

static PyObject *rt_call2(ARGUMENTS) {
    EXPECT(CALL2, 3);
    return apply2(args[0], args[1], args[2]);
}

static PyObject *rt_call3(ARGUMENTS) {
    EXPECT(CALL3, 4);
    if (PyMethod_Check(args[0])) {
        PyObject *full = full_of(FULL3_FUNCTIONS, args[0]);
        if (full != NULL) {
            PyObject *stack[5] = {NULL, PyMethod_GET_SELF(args[0]), args[1], args[2], args[3]};
            return invoke(full, stack + 1, 4 | PY_VECTORCALL_ARGUMENTS_OFFSET);
        }
        if (PyErr_Occurred()) return NULL;
    } else if (Py_IS_TYPE(args[0], BUILTIN) && PyLong_AsLong(SLOT_AT(args[0], builtin_arity)) == 3) {
        return invoke(SLOT_AT(args[0], builtin_function), args + 1, 3);
    }
    return apply_next(apply2(args[0], args[1], args[2]), args[3]);
}
