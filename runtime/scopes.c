/* Slots and thunks of `variable.a.b`, `inherit (origin) name` and what `with` binds: operators.py and loader.py. */

/* Whether a value may stand for a thunk that was evaluated to it: SHARED in operators.py. */
static inline int is_shared(PyObject *value) {
    PyTypeObject *type = Py_TYPE(value);
    return type == &PyDict_Type || type == &PyUnicode_Type || type == &PyTuple_Type || type == &PyLong_Type
        || type == &PyBool_Type || value == Py_None || type == CONTEXT_STRING || type == PATH;
}

/* The value in a slot if it is evaluated, else NULL; borrowed, no error. */
static inline PyObject *known_value(PyObject *slot) {
    if (!PyList_CheckExact(slot)) return slot;
    return PyList_GET_ITEM(slot, 0) == Py_None ? PyList_GET_ITEM(slot, 1) : NULL;
}

/* The known value of `subject.name` that may be shared, else NULL; borrowed. */
static inline PyObject *known_attr(PyObject *subject, PyObject *name) {
    PyObject *found = known_value(subject);
    if (found == NULL || !PyDict_CheckExact(found)) return NULL;
    found = PyDict_GetItemWithError(found, name);
    if (found == NULL) return NULL;
    found = known_value(found);
    return found != NULL && is_shared(found) ? found : NULL;
}

static PyObject *rt_select_slot1(ARGUMENTS) {
    PyObject *found;
    EXPECT(SELECT_SLOT1, 4);
    found = known_attr(args[0], args[1]);
    if (found != NULL) return new_reference(found);
    {
        PyObject *path = tuple_of(1, args + 1);
        PyObject *parts[4] = {args[0], path, args[2], args[3]};
        PyObject *argument;
        if (path == NULL) return NULL;
        argument = tuple_of(4, parts);
        Py_DECREF(path);
        return make_thunk(table[SELECT_LATE].native, argument);
    }
}

static PyObject *rt_select_slot(ARGUMENTS) {
    PyObject *current;
    Py_ssize_t size;
    EXPECT(SELECT_SLOT, 4);
    current = args[0];
    size = PyTuple_GET_SIZE(args[1]);
    for (Py_ssize_t i = 0; i < size && current != NULL; i++) {
        current = known_value(current);
        if (current == NULL || !PyDict_CheckExact(current)) {
            current = NULL;
            break;
        }
        current = PyDict_GetItemWithError(current, PyTuple_GET_ITEM(args[1], i));
    }
    if (current != NULL) current = known_value(current);
    if (current != NULL && is_shared(current)) return new_reference(current);
    return make_thunk(table[SELECT_LATE].native, tuple_of(4, args));
}

static void leave_late(PyObject *name, PyObject *path, PyObject *file, PyObject *place) {
    leave_frame(LATE_CODE, Py_BuildValue("{sOsOsOsO}", "name", name, "path", path, "file", file, "place", place));
}

/* The attribute of a value; `select` finds the error. */
static PyObject *selected(PyObject *subject, PyObject *name) {
    PyObject *slot, *result;
    if (PyDict_CheckExact(subject)) {
        slot = PyDict_GetItemWithError(subject, name);
        if (slot != NULL) {
            Py_INCREF(slot);
            result = forced_attr(subject, name, slot);
            Py_DECREF(slot);
            return result;
        }
    }
    {
        PyObject *stack[2] = {subject, name};
        return slow(SELECT, stack, 2);
    }
}

/* The thunk of `variable.a.b`: (subject, path, file, place). */
static PyObject *select_late(PyObject *argument) {
    PyObject *path = PyTuple_GET_ITEM(argument, 1), *name = NO_NAME;
    PyObject *subject = forced(PyTuple_GET_ITEM(argument, 0));
    Py_ssize_t size = PyTuple_GET_SIZE(path);
    for (Py_ssize_t i = 0; i < size && subject != NULL; i++) {
        PyObject *next;
        name = PyTuple_GET_ITEM(path, i);
        next = selected(subject, name);
        Py_DECREF(subject);
        subject = next;
    }
    if (subject == NULL) leave_late(name, path, PyTuple_GET_ITEM(argument, 2), PyTuple_GET_ITEM(argument, 3));
    return subject;
}

static PyObject *rt_select_late(PyObject *self, PyObject *argument) { return select_late(argument); }

static PyObject *rt_inherit_slot(ARGUMENTS) {
    PyObject *found;
    EXPECT(INHERIT_SLOT, 5);
    found = known_attr(args[0], args[1]);
    if (found != NULL) return new_reference(found);
    return make_thunk(table[INHERIT_FROM].native, tuple_of(5, args));
}

/* The thunk of a name in `inherit (origin) name`: (origin, name, file, start, end). */
static PyObject *inherit_from(PyObject *argument) {
    PyObject *subject = forced(PyTuple_GET_ITEM(argument, 0)), *name = PyTuple_GET_ITEM(argument, 1);
    PyObject *slot, *result;
    if (subject == NULL) return NULL;
    slot = PyDict_CheckExact(subject) ? PyDict_GetItemWithError(subject, name) : NULL;
    if (slot != NULL) {
        Py_INCREF(slot);
        result = forced_attr(subject, name, slot);
        Py_DECREF(slot);
    } else {
        result = slow1(INHERIT_FROM, argument);
    }
    Py_DECREF(subject);
    return result;
}

static PyObject *rt_inherit_from(PyObject *self, PyObject *argument) { return inherit_from(argument); }

/* --- `with` */

/* A variable that `with` may bind: `scopes` is (set, scopes around, values found so far) or None. */
static PyObject *looked_up(PyObject *name, PyObject *scopes) {
    PyObject *at = scopes;
    while (at != Py_None) {
        PyObject *scope = forced(PyTuple_GET_ITEM(at, 0)), *slot, *found;
        if (scope == NULL) return NULL;
        if (!PyDict_CheckExact(scope)) {
            Py_DECREF(scope);
            break;
        }
        slot = PyDict_GetItemWithError(scope, name);
        if (slot != NULL) {
            Py_INCREF(slot);
            found = forced(slot);
            Py_DECREF(slot);
            Py_DECREF(scope);
            if (found != NULL && PyDict_SetItem(PyTuple_GET_ITEM(scopes, 2), name, found) < 0) Py_CLEAR(found);
            return found;
        }
        Py_DECREF(scope);
        at = PyTuple_GET_ITEM(at, 1);
    }
    {
        PyObject *stack[2] = {name, scopes};
        return slow(LOOKUP, stack, 2);
    }
}

static PyObject *rt_lookup(ARGUMENTS) {
    EXPECT(LOOKUP, 2);
    return looked_up(args[0], args[1]);
}

/* The thunk of such a variable: (name, scopes, file, place). */
static PyObject *lookup_late(PyObject *argument) {
    PyObject *result = looked_up(PyTuple_GET_ITEM(argument, 0), PyTuple_GET_ITEM(argument, 1));
    if (result == NULL)
        leave_late(PyTuple_GET_ITEM(argument, 0), Py_None, PyTuple_GET_ITEM(argument, 2), PyTuple_GET_ITEM(argument, 3));
    return result;
}

static PyObject *rt_lookup_late(PyObject *self, PyObject *argument) { return lookup_late(argument); }

static PyObject *rt_lookup_slot(ARGUMENTS) {
    PyObject *at, *found;
    EXPECT(LOOKUP_SLOT, 4);
    at = args[1];
    if (at != Py_None) {
        found = PyDict_GetItemWithError(PyTuple_GET_ITEM(at, 2), args[0]);
        if (found != NULL && is_shared(found)) return new_reference(found);
    }
    while (at != Py_None) {
        PyObject *scope = known_value(PyTuple_GET_ITEM(at, 0));
        if (scope == NULL || !PyDict_CheckExact(scope)) break;
        found = PyDict_GetItemWithError(scope, args[0]);
        if (found != NULL) {
            found = known_value(found);
            if (found != NULL && is_shared(found)) return new_reference(found);
            break;
        }
        at = PyTuple_GET_ITEM(at, 1);
    }
    return make_thunk(table[LOOKUP_LATE].native, tuple_of(4, args));
}
