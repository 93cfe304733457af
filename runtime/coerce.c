/* Coercing values to strings: coerce.py. */

static int coerce(PyObject *value, int copy, int more, PyObject **text, PyObject **context);

/* What `coerce_to_string` of Python answers. */
static int slow_coerce(PyObject *value, int copy, int more, PyObject **text, PyObject **context) {
    static PyObject *keywords;
    PyObject *stack[3] = {value, copy ? Py_True : Py_False, more ? Py_True : Py_False}, *answer;
    if (keywords == NULL && (keywords = Py_BuildValue("(ss)", "copy", "more")) == NULL) return -1;
    if (too_deep()) return -1;
    answer = PyObject_Vectorcall(table[COERCE_TO_STRING].pure, stack, 1, keywords);
    if (answer == NULL) return -1;
    *text = new_reference(PyTuple_GET_ITEM(answer, 0));
    *context = new_reference(PyTuple_GET_ITEM(answer, 1));
    Py_DECREF(answer);
    return 0;
}

/* Put `more` into `*context`. */
static int add_context(PyObject **context, PyObject *more) {
    PyObject *both;
    if (PySet_GET_SIZE(more) == 0 || *context == more) return 0;
    both = PySet_GET_SIZE(*context) == 0 ? new_reference(more) : PyNumber_Or(*context, more);
    if (both == NULL) return -1;
    Py_SETREF(*context, both);
    return 0;
}

/* Coerce a slot, and put what comes out at the end of `texts` and into `*context`. Its value too, if asked for. */
static int coerce_onto(PyObject *slot, int copy, int more, PyObject *texts, PyObject **context, PyObject **kept) {
    PyObject *value = forced(slot), *text, *found;
    int status;
    if (value == NULL) return -1;
    if (PyUnicode_CheckExact(value)) {
        status = PyList_Append(texts, value);
    } else {
        status = coerce(value, copy, more, &text, &found);
        if (status == 0) {
            status = PyList_Append(texts, text);
            if (status == 0) status = add_context(context, found);
            Py_DECREF(text);
            Py_DECREF(found);
        }
    }
    if (kept != NULL && status == 0) *kept = value;
    else Py_DECREF(value);
    return status;
}

static PyObject *join(PyObject *texts) {
    PyObject *joined = PyUnicode_Join(NO_NAME, texts);
    Py_DECREF(texts);
    return joined;
}

/* Elements with spaces between them; an empty list leaves no space. */
static int join_list(PyObject *list, int copy, PyObject **text, PyObject **context) {
    static PyObject *space;
    PyObject *texts = PyList_New(0), *value;
    Py_ssize_t size = PyTuple_GET_SIZE(list);
    if (space == NULL) space = PyUnicode_InternFromString(" ");
    if (texts == NULL || space == NULL) return -1;
    *context = new_reference(NO_CONTEXT);
    for (Py_ssize_t i = 0; i < size; i++) {
        int status = coerce_onto(PyTuple_GET_ITEM(list, i), copy, 1, texts, context, &value);
        if (status == 0) {
            if (i < size - 1 && !(PyTuple_CheckExact(value) && PyTuple_GET_SIZE(value) == 0))
                status = PyList_Append(texts, space);
            Py_DECREF(value);
        }
        if (status < 0) {
            Py_DECREF(texts);
            Py_DECREF(*context);
            return -1;
        }
    }
    *text = join(texts);
    if (*text == NULL) Py_DECREF(*context);
    return *text == NULL ? -1 : 0;
}

/* The text of a derivation is that of its `outPath`; NULL if a set has none or `__toString` decides. Borrowed. */
static PyObject *out_path_of(PyObject *attrs) {
    static PyObject *to_string, *out_path;
    if (to_string == NULL) to_string = PyUnicode_InternFromString("__toString");
    if (out_path == NULL) out_path = PyUnicode_InternFromString("outPath");
    if (to_string == NULL || out_path == NULL || PyDict_GetItemWithError(attrs, to_string) != NULL) return NULL;
    return PyDict_GetItemWithError(attrs, out_path);
}

/* `coerce_to_string`: new references to text and context; -1 with an exception. */
static int coerce(PyObject *value, int copy, int more, PyObject **text, PyObject **context) {
    if (too_deep()) return -1;
    if (PyUnicode_CheckExact(value)) {
        *text = new_reference(value);
        *context = new_reference(NO_CONTEXT);
        return 0;
    }
    if (Py_IS_TYPE(value, CONTEXT_STRING)) {
        *text = new_reference(SLOT_AT(value, context_string_text));
        *context = new_reference(SLOT_AT(value, context_string_context));
        return 0;
    }
    if (more && PyTuple_CheckExact(value)) return join_list(value, copy, text, context);
    if (more && PyLong_CheckExact(value)) {
        *text = PyObject_Str(value);
        *context = new_reference(NO_CONTEXT);
        if (*text == NULL) Py_DECREF(*context);
        return *text == NULL ? -1 : 0;
    }
    if (PyDict_CheckExact(value)) {
        PyObject *slot = out_path_of(value), *inner;
        if (slot != NULL) {
            int status;
            Py_INCREF(slot);
            inner = forced(slot);
            Py_DECREF(slot);
            if (inner == NULL) return -1;
            status = coerce(inner, copy, more, text, context);
            Py_DECREF(inner);
            return status;
        }
        if (PyErr_Occurred()) return -1;
    }
    return slow_coerce(value, copy, more, text, context);
}

static PyObject *rt_coerce_to_string(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    PyObject *text, *context, *answer;
    int copy = 0, more = 0;
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if (count != 1 || named == 0) return PyObject_Vectorcall(table[COERCE_TO_STRING].pure, args, count, names);
    for (Py_ssize_t i = 0; i < named; i++) {
        int *target = PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "copy") == 0 ? &copy : &more;
        *target = PyObject_IsTrue(args[1 + i]);
    }
    if (coerce(args[0], copy, more, &text, &context) < 0) return NULL;
    answer = PyTuple_Pack(2, text, context);
    Py_DECREF(text);
    Py_DECREF(context);
    return answer;
}

/* A string value with that context; takes over both. */
static PyObject *make_string(PyObject *text, PyObject *context) {
    PyObject *string;
    if (text == NULL || PySet_GET_SIZE(context) == 0) {
        Py_DECREF(context);
        return text;
    }
    string = CONTEXT_STRING->tp_alloc(CONTEXT_STRING, 0);
    if (string == NULL) {
        Py_DECREF(text);
        Py_DECREF(context);
        return NULL;
    }
    SLOT_AT(string, context_string_text) = text;
    SLOT_AT(string, context_string_context) = context;
    return string;
}

/* `interpolate`: a string with interpolated values. */
static PyObject *rt_interpolate(PyObject *self, PyObject *parts) {
    PyObject *texts = PyList_New(0), *context = new_reference(NO_CONTEXT);
    if (texts == NULL) return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parts); i++) {
        if (coerce_onto(PyTuple_GET_ITEM(parts, i), 1, 0, texts, &context, NULL) < 0) {
            Py_DECREF(texts);
            Py_DECREF(context);
            return NULL;
        }
    }
    return make_string(join(texts), context);
}

/* --- derivations: `fill` and `all_ascii` of builtins/derivations.py */

/* One attribute that is an ordinary variable of the environment. */
static int put_variable(PyObject *draft, PyObject *name, PyObject *slot, PyObject *env, PyObject *context, int ignore_nulls) {
    PyObject *value = forced(slot), *text, *found;
    int status;
    if (value == NULL) return -1;
    if (PyUnicode_CheckExact(value)) {
        status = PyDict_SetItem(env, name, value);
    } else if (value == Py_None && ignore_nulls) {
        status = 0;
    } else if ((status = coerce(value, 1, 1, &text, &found)) == 0) {
        status = PyDict_SetItem(env, name, text);
        if (status == 0 && PySet_GET_SIZE(found)) {
            PyObject *none = PyObject_CallMethod(context, "update", "O", found);
            status = none == NULL ? -1 : 0;
            Py_XDECREF(none);
        }
        Py_DECREF(text);
        Py_DECREF(found);
    }
    Py_DECREF(value);
    return status;
}

/* fill(draft, given, env, context, special, ignore_nulls) */
static PyObject *rt_fill(ARGUMENTS) {
    static PyObject *attribute, *put_special;
    PyObject *names;
    int status = 0;
    EXPECT(FILL, 6);
    if (attribute == NULL) attribute = PyUnicode_InternFromString("attribute");
    if (put_special == NULL) put_special = PyUnicode_InternFromString("put_special");
    if (attribute == NULL || put_special == NULL) return NULL;
    names = rt_names(NULL, args[1]);
    if (names == NULL) return NULL;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_GET_SIZE(names); i++) {
        PyObject *name = PyList_GET_ITEM(names, i), *slot = PyDict_GetItemWithError(args[1], name);
        int special = PySet_Contains(args[4], name);
        Py_INCREF(slot);
        if (special > 0) {
            PyObject *stack[4] = {args[0], name, slot, args[5]}, *none;
            status = PyObject_SetAttr(args[0], attribute, name);
            none = status < 0 ? NULL : PyObject_VectorcallMethod(put_special, stack, 4, NULL);
            status = none == NULL ? -1 : 0;
            Py_XDECREF(none);
        } else {
            status = put_variable(args[0], name, slot, args[2], args[3], args[5] == Py_True);
            if (status < 0) {
                PyObject *type, *value, *traceback;
                PyErr_Fetch(&type, &value, &traceback);
                if (PyObject_SetAttr(args[0], attribute, name) < 0) PyErr_Clear();
                PyErr_Restore(type, value, traceback);
            }
        }
        Py_DECREF(slot);
    }
    Py_DECREF(names);
    if (status < 0) return NULL;
    Py_RETURN_NONE;
}

static inline int is_ascii(PyObject *text) { return PyUnicode_Check(text) && PyUnicode_IS_ASCII(text); }

/* all_ascii(list, set): whether that is so of every element, name and value. */
static PyObject *rt_all_ascii(ARGUMENTS) {
    PyObject *name, *text;
    Py_ssize_t at = 0;
    EXPECT(ALL_ASCII, 2);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[0]); i++)
        if (!is_ascii(PyList_GET_ITEM(args[0], i))) Py_RETURN_FALSE;
    while (PyDict_Next(args[1], &at, &name, &text))
        if (!is_ascii(name) || !is_ascii(text)) Py_RETURN_FALSE;
    Py_RETURN_TRUE;
}
