/* Sets: operators on them, equality, and builtins/attrsets.py. */

static PyObject *rt_names(PyObject *self, PyObject *attrs) {
    PyObject *result = PyDict_Keys(attrs);
    if (result == NULL) return NULL;
    if (PyList_GET_SIZE(result) && PyList_GET_ITEM(result, 0) == WHERE_KEY && PyList_SetSlice(result, 0, 1, NULL) < 0)
        Py_CLEAR(result);
    if (result != NULL && PyList_Sort(result) < 0) Py_CLEAR(result);
    return result;
}

static PyObject *rt_size(PyObject *self, PyObject *attrs) {
    int has = PyDict_Contains(attrs, WHERE_KEY);
    return has < 0 ? NULL : PyLong_FromSsize_t(PyDict_GET_SIZE(attrs) - has);
}

/* --- `//` */

/* Sites that were joined lately: most sets are merged in the same few places of a program. */
#define JOINED 1024
static struct {
    PyObject *first, *second, *joined;
} joined_sites[JOINED];

static PyObject *join_sites(PyObject *first, PyObject *second) {
    size_t at = (((size_t)first >> 4) * 31 + ((size_t)second >> 4)) % JOINED;
    PyObject *stack[2] = {first, second}, *found, *old_first, *old_second, *old_joined;
    if (joined_sites[at].first == first && joined_sites[at].second == second)
        return new_reference(joined_sites[at].joined);
    found = slow(JOIN_SITES, stack, 2);
    if (found == NULL) return NULL;
    old_first = joined_sites[at].first;
    old_second = joined_sites[at].second;
    old_joined = joined_sites[at].joined;
    joined_sites[at].first = new_reference(first);
    joined_sites[at].second = new_reference(second);
    joined_sites[at].joined = new_reference(found);
    Py_XDECREF(old_first);
    Py_XDECREF(old_second);
    Py_XDECREF(old_joined);
    return found;
}

static int put_sites(PyObject *result, PyObject *sites, PyObject *old) {
    int status;
    PyObject *joined;
    if (old == sites) return 0;
    /* What is merged over and over, in a fold, has the same sites each time. */
    if (PyTuple_GET_SIZE(sites) && PyTuple_GET_SIZE(old) && PyTuple_GET_ITEM(sites, 0) == PyTuple_GET_ITEM(old, 0))
        return PyDict_SetItem(result, WHERE_KEY, old);
    joined = join_sites(sites, old);
    if (joined == NULL) return -1;
    status = PyDict_SetItem(result, WHERE_KEY, joined);
    Py_DECREF(joined);
    return status;
}

static PyObject *rt_update(ARGUMENTS) {
    PyObject *left, *right, *sites, *old, *result;
    EXPECT(UPDATE, 2);
    left = args[0];
    right = args[1];
    sites = PyDict_GetItemWithError(right, WHERE_KEY);
    old = sites == NULL ? NULL : PyDict_GetItemWithError(left, WHERE_KEY);
    if (sites != NULL && old == NULL) {
        /* WHERE has to stay the first key. */
        if (!PyDict_GET_SIZE(left)) return new_reference(right);
        result = PyDict_New();
        if (result == NULL) return NULL;
        if (PyDict_SetItem(result, WHERE_KEY, sites) < 0 || PyDict_Update(result, left) < 0) goto failed;
    } else {
        result = PyDict_Copy(left);
        if (result == NULL) return NULL;
    }
    if (PyDict_Update(result, right) < 0) goto failed;
    if (old != NULL && put_sites(result, sites, old) < 0) goto failed;
    return result;
failed:
    Py_DECREF(result);
    return NULL;
}

static PyObject *rt_select(ARGUMENTS) {
    EXPECT(SELECT, 2);
    if (PyDict_CheckExact(args[0]) && PyUnicode_CheckExact(args[1])) {
        PyObject *slot = PyDict_GetItemWithError(args[0], args[1]), *result;
        if (slot != NULL) {
            Py_INCREF(slot);
            result = forced(slot);
            Py_DECREF(slot);
            return result;
        }
    }
    return slow(SELECT, args, count);
}

/* `subject.name or default`, if the default needs no evaluation. */
static PyObject *rt_select_or(ARGUMENTS) {
    PyObject *slot, *result;
    EXPECT(SELECT_OR, 3);
    slot = PyDict_CheckExact(args[0]) ? PyDict_GetItemWithError(args[0], args[1]) : NULL;
    if (slot == NULL) return PyErr_Occurred() ? NULL : new_reference(args[2]);
    Py_INCREF(slot);
    result = forced(slot);
    Py_DECREF(slot);
    return result;
}

/* `subject ? path`; keys are names or slots. */
static PyObject *rt_has_path(ARGUMENTS) {
    PyObject *current;
    EXPECT(HAS_PATH, 2);
    current = new_reference(args[0]);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[1]); i++) {
        PyObject *key = PyTuple_GET_ITEM(args[1], i), *next;
        if (!PyUnicode_CheckExact(key)) {
            PyObject *stack[2], *rest = PyTuple_GetSlice(args[1], i, PyTuple_GET_SIZE(args[1])), *answer;
            if (rest == NULL) {
                Py_DECREF(current);
                return NULL;
            }
            stack[0] = current;
            stack[1] = rest;
            answer = slow(HAS_PATH, stack, 2);
            Py_DECREF(current);
            Py_DECREF(rest);
            return answer;
        }
        next = forced(current);
        Py_DECREF(current);
        if (next == NULL) return NULL;
        current = PyDict_CheckExact(next) ? PyDict_GetItemWithError(next, key) : NULL;
        Py_XINCREF(current);
        Py_DECREF(next);
        if (current == NULL) Py_RETURN_FALSE;
    }
    Py_DECREF(current);
    Py_RETURN_TRUE;
}

/* --- equality: 1, 0 or -1 for an error */

static int equal_slots(PyObject *left, PyObject *right);

static int is_derivation(PyObject *attrs) {
    static PyObject *type_key;
    PyObject *slot, *kind;
    int answer;
    if (type_key == NULL && (type_key = PyUnicode_InternFromString("type")) == NULL) return -1;
    slot = PyDict_GetItemWithError(attrs, type_key);
    if (slot == NULL) return 0;
    Py_INCREF(slot);
    kind = forced(slot);
    Py_DECREF(slot);
    if (kind == NULL) return -1;
    answer = PyUnicode_CheckExact(kind) && PyUnicode_CompareWithASCIIString(kind, "derivation") == 0;
    Py_DECREF(kind);
    return answer;
}

static int slow_equal(PyObject *left, PyObject *right) {
    PyObject *stack[2] = {left, right};
    return truth(slow(EQUAL, stack, 2));
}

/* In another order two sets might have been found unequal before, or another error. */
static void mark_unordered(void) {
    PyObject *type, *value, *traceback, *variables;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    variables = value == NULL ? NULL : PyObject_GetAttrString(value, "__dict__");
    if (variables != NULL) {
        PyDict_SetItemString(variables, "unordered", Py_True);
        Py_DECREF(variables);
    }
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
}

static int equal_sets(PyObject *left, PyObject *right) {
    Py_ssize_t at = 0, size;
    PyObject *name, *slot;
    int has_left, has_right, both = is_derivation(left);
    if (both > 0) both = is_derivation(right);
    if (both < 0) return -1;
    if (both) return slow_equal(left, right);
    has_left = PyDict_Contains(left, WHERE_KEY);
    has_right = PyDict_Contains(right, WHERE_KEY);
    if (has_left < 0 || has_right < 0) return -1;
    size = PyDict_GET_SIZE(left) - has_left;
    if (size != PyDict_GET_SIZE(right) - has_right) return 0;
    if (size > 1) {
        int ordered = truth(slow1(IS_ORDERED, left));
        if (ordered) return ordered < 0 ? -1 : slow_equal(left, right);
    }
    while (PyDict_Next(left, &at, &name, &slot)) {
        PyObject *other;
        int answer;
        if (name == WHERE_KEY) continue;
        other = PyDict_GetItemWithError(right, name);
        if (other == NULL) return PyErr_Occurred() ? -1 : 0;
        Py_INCREF(slot);
        Py_INCREF(other);
        answer = equal_slots(slot, other);
        Py_DECREF(slot);
        Py_DECREF(other);
        if (answer < 0) mark_unordered();
        if (answer != 1) return answer;
    }
    return 1;
}

static int equal_values(PyObject *left, PyObject *right) {
    PyTypeObject *type = Py_TYPE(left);
    if (type != Py_TYPE(right)) return slow_equal(left, right);
    if (type == &PyUnicode_Type) {
        if (left == right) return 1;
        if (PyUnicode_GET_LENGTH(left) != PyUnicode_GET_LENGTH(right)) return 0;
        return PyUnicode_Compare(left, right) == 0;
    }
    if (type == &PyLong_Type) return PyObject_RichCompareBool(left, right, Py_EQ);
    if (type == &PyBool_Type || left == Py_None) return left == right;
    if (type == &PyFloat_Type) return PyFloat_AS_DOUBLE(left) == PyFloat_AS_DOUBLE(right);
    if (type == &PyDict_Type) return too_deep() ? -1 : equal_sets(left, right);
    if (type == &PyTuple_Type) {
        Py_ssize_t size = PyTuple_GET_SIZE(left);
        if (too_deep()) return -1;
        if (size != PyTuple_GET_SIZE(right)) return 0;
        for (Py_ssize_t i = 0; i < size; i++) {
            int answer = equal_slots(PyTuple_GET_ITEM(left, i), PyTuple_GET_ITEM(right, i));
            if (answer != 1) return answer;
        }
        return 1;
    }
    return slow_equal(left, right);
}

static int equal_slots(PyObject *left, PyObject *right) {
    int answer;
    PyObject *two, *one = forced(left);
    if (one == NULL) return -1;
    two = forced(right);
    if (two == NULL) {
        Py_DECREF(one);
        return -1;
    }
    answer = left == right ? 1 : equal_values(one, two);
    Py_DECREF(one);
    Py_DECREF(two);
    return answer;
}

static PyObject *boolean(int answer) { return answer < 0 ? NULL : new_reference(answer ? Py_True : Py_False); }

static PyObject *rt_equal(ARGUMENTS) {
    EXPECT(EQUAL, 2);
    return boolean(equal_values(args[0], args[1]));
}

static PyObject *rt_equal_slots(ARGUMENTS) {
    EXPECT(EQUAL_SLOTS, 2);
    return boolean(equal_slots(args[0], args[1]));
}

/* --- builtins */

static PyObject *as_tuple(PyObject *list) { /* takes over `list`, which may be NULL */
    PyObject *result;
    if (list == NULL) return NULL;
    result = PyList_AsTuple(list);
    Py_DECREF(list);
    return result;
}

static PyObject *rt_attr_names(PyObject *self, PyObject *argument) {
    PyObject *attrs = set_in(argument), *result;
    if (attrs == NULL) return NULL;
    result = as_tuple(rt_names(NULL, attrs));
    Py_DECREF(attrs);
    return result;
}

static PyObject *rt_attr_values(PyObject *self, PyObject *argument) {
    PyObject *attrs = set_in(argument), *names, *result = NULL;
    if (attrs == NULL) return NULL;
    names = rt_names(NULL, attrs);
    if (names != NULL) {
        Py_ssize_t size = PyList_GET_SIZE(names);
        result = PyTuple_New(size);
        for (Py_ssize_t i = 0; i < size && result != NULL; i++)
            PyTuple_SET_ITEM(result, i, new_reference(PyDict_GetItemWithError(attrs, PyList_GET_ITEM(names, i))));
        Py_DECREF(names);
    }
    Py_DECREF(attrs);
    return result;
}

static PyObject *rt_get_attr(ARGUMENTS) {
    PyObject *name, *attrs, *slot, *result;
    EXPECT(GET_ATTR, 2);
    name = name_in(args[0]);
    if (name == NULL) return NULL;
    attrs = set_in(args[1]);
    if (attrs == NULL) {
        Py_DECREF(name);
        return NULL;
    }
    slot = PyDict_GetItemWithError(attrs, name);
    if (slot != NULL) {
        Py_INCREF(slot);
        result = forced(slot);
        Py_DECREF(slot);
    } else {
        PyObject *stack[2] = {name, attrs};
        result = slow(GET_ATTR, stack, 2);
    }
    Py_DECREF(name);
    Py_DECREF(attrs);
    return result;
}

static PyObject *rt_has_attr(ARGUMENTS) {
    PyObject *name, *attrs;
    int answer = -1;
    EXPECT(HAS_ATTR, 2);
    name = name_in(args[0]);
    if (name == NULL) return NULL;
    attrs = set_in(args[1]);
    if (attrs != NULL) {
        answer = PyDict_Contains(attrs, name);
        Py_DECREF(attrs);
    }
    Py_DECREF(name);
    return boolean(answer);
}

static PyObject *rt_cat_attrs(ARGUMENTS) {
    PyObject *name, *sets, *result = NULL;
    EXPECT(CAT_ATTRS, 2);
    name = name_in(args[0]);
    if (name == NULL) return NULL;
    sets = list_in(args[1]);
    if (sets != NULL) {
        result = PyList_New(0);
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sets) && result != NULL; i++) {
            PyObject *attrs = set_in(PyTuple_GET_ITEM(sets, i)), *slot;
            if (attrs == NULL) {
                Py_CLEAR(result);
                break;
            }
            slot = PyDict_GetItemWithError(attrs, name);
            if (slot != NULL && PyList_Append(result, slot) < 0) Py_CLEAR(result);
            Py_DECREF(attrs);
        }
        Py_DECREF(sets);
    }
    Py_DECREF(name);
    return as_tuple(result);
}

static PyObject *rt_remove_attrs(ARGUMENTS) {
    PyObject *attrs, *unwanted, *gone, *result;
    int any = 0;
    EXPECT(REMOVE_ATTRS, 2);
    attrs = set_in(args[0]);
    if (attrs == NULL) return NULL;
    unwanted = list_in(args[1]);
    if (unwanted == NULL) {
        Py_DECREF(attrs);
        return NULL;
    }
    gone = PyTuple_New(PyTuple_GET_SIZE(unwanted));
    for (Py_ssize_t i = 0; gone != NULL && i < PyTuple_GET_SIZE(unwanted); i++) {
        PyObject *name = name_in(PyTuple_GET_ITEM(unwanted, i));
        if (name == NULL) {
            Py_CLEAR(gone);
            break;
        }
        any = any || PyDict_GetItemWithError(attrs, name) != NULL;
        PyTuple_SET_ITEM(gone, i, name);
    }
    Py_DECREF(unwanted);
    if (gone == NULL) {
        Py_DECREF(attrs);
        return NULL;
    }
    if (!any) {
        Py_DECREF(gone);
        return attrs;
    }
    result = PyDict_Copy(attrs);
    for (Py_ssize_t i = 0; result != NULL && i < PyTuple_GET_SIZE(gone); i++) {
        PyObject *name = PyTuple_GET_ITEM(gone, i);
        if (PyDict_GetItemWithError(result, name) != NULL && PyDict_DelItem(result, name) < 0) Py_CLEAR(result);
    }
    Py_DECREF(gone);
    Py_DECREF(attrs);
    return result;
}

static PyObject *rt_intersect_attrs(ARGUMENTS) {
    PyObject *mask, *source, *result, *walked, *other, *name, *ignored, *sites;
    Py_ssize_t at = 0;
    EXPECT(INTERSECT_ATTRS, 2);
    mask = set_in(args[0]);
    if (mask == NULL) return NULL;
    source = set_in(args[1]);
    if (source == NULL) {
        Py_DECREF(mask);
        return NULL;
    }
    walked = PyDict_GET_SIZE(mask) < PyDict_GET_SIZE(source) ? mask : source;
    other = walked == mask ? source : mask;
    sites = PyDict_GetItemWithError(source, WHERE_KEY);
    result = PyDict_New();
    /* WHERE has to stay the first key. */
    if (result != NULL && sites != NULL && PyDict_SetItem(result, WHERE_KEY, sites) < 0) Py_CLEAR(result);
    while (result != NULL && PyDict_Next(walked, &at, &name, &ignored)) {
        PyObject *slot = PyDict_GetItemWithError(other, name);
        if (slot == NULL || name == WHERE_KEY) continue;
        if (PyDict_SetItem(result, name, walked == source ? ignored : slot) < 0) Py_CLEAR(result);
    }
    Py_DECREF(mask);
    Py_DECREF(source);
    return result;
}

/* One `{ name; value; }` for `listToAttrs`. */
static int put_pair(PyObject *result, PyObject *pair) {
    static PyObject *name_key, *value_key;
    PyObject *slot, *name;
    int status = -1;
    if (name_key == NULL && (name_key = PyUnicode_InternFromString("name")) == NULL) return -1;
    if (value_key == NULL && (value_key = PyUnicode_InternFromString("value")) == NULL) return -1;
    slot = PyDict_GetItemWithError(pair, name_key);
    if (slot == NULL) return -2;
    Py_INCREF(slot);
    name = name_in(slot);
    Py_DECREF(slot);
    if (name == NULL) return -1;
    if (PyDict_GetItemWithError(result, name) != NULL) {
        status = 0;
    } else {
        slot = PyDict_GetItemWithError(pair, value_key);
        status = slot == NULL ? -2 : PyDict_SetItem(result, name, slot);
    }
    Py_DECREF(name);
    return status;
}

static PyObject *rt_list_to_attrs(PyObject *self, PyObject *argument) {
    PyObject *pairs = list_in(argument), *result;
    if (pairs == NULL) return NULL;
    result = PyDict_New();
    for (Py_ssize_t i = 0; result != NULL && i < PyTuple_GET_SIZE(pairs); i++) {
        PyObject *pair = set_in(PyTuple_GET_ITEM(pairs, i));
        int status = pair == NULL ? -1 : put_pair(result, pair);
        Py_XDECREF(pair);
        if (status == -1) Py_CLEAR(result);
        if (status == -2) {
            /* What is missing: all before it is evaluated, so nothing is seen twice. */
            Py_DECREF(result);
            result = slow1(LIST_TO_ATTRS, pairs);
            break;
        }
    }
    Py_DECREF(pairs);
    return result;
}

/* Thunk of `mapAttrs`: (full function, what it captured, name, slot). */
static PyObject *apply_full(PyObject *argument) {
    PyObject *stack[4] = {NULL, PyTuple_GET_ITEM(argument, 1), PyTuple_GET_ITEM(argument, 2),
                          PyTuple_GET_ITEM(argument, 3)};
    return invoke(PyTuple_GET_ITEM(argument, 0), stack + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET);
}

static PyObject *rt_apply_full(PyObject *self, PyObject *argument) { return apply_full(argument); }

/* Thunk of `mapAttrs`: (function or its thunk, name, slot). */
static PyObject *apply_late_named(PyObject *argument) {
    PyObject *function = forced(PyTuple_GET_ITEM(argument, 0)), *result;
    if (function == NULL) return NULL;
    result = apply2(function, PyTuple_GET_ITEM(argument, 1), PyTuple_GET_ITEM(argument, 2));
    Py_DECREF(function);
    return result;
}

static PyObject *rt_apply_late_named(PyObject *self, PyObject *argument) { return apply_late_named(argument); }

static PyObject *rt_map_attrs(ARGUMENTS) {
    PyObject *attrs, *mapper, *full = NULL, *result, *name, *slot;
    Py_ssize_t at = 0;
    EXPECT(MAP_ATTRS, 2);
    attrs = set_in(args[1]);
    if (attrs == NULL) return NULL;
    mapper = known_value(args[0]);
    if (mapper != NULL && PyMethod_Check(mapper)) full = full_of(FULL2_FUNCTIONS, mapper);
    result = _PyDict_NewPresized(PyDict_GET_SIZE(attrs));
    while (result != NULL && PyDict_Next(attrs, &at, &name, &slot)) {
        PyObject *thunk;
        int status;
        if (name == WHERE_KEY) continue;
        if (full != NULL) {
            PyObject *parts[4] = {full, PyMethod_GET_SELF(mapper), name, slot};
            thunk = make_thunk(table[APPLY_FULL].native, tuple_of(4, parts));
        } else {
            PyObject *parts[3] = {args[0], name, slot};
            thunk = make_thunk(table[APPLY_LATE_NAMED].native, tuple_of(3, parts));
        }
        status = thunk == NULL ? -1 : PyDict_SetItem(result, name, thunk);
        Py_XDECREF(thunk);
        if (status < 0) Py_CLEAR(result);
    }
    Py_DECREF(attrs);
    return result;
}

/* Thunk of `zipAttrsWith`: (function, name, list). */
static PyObject *apply_named(PyObject *argument) {
    return apply2(PyTuple_GET_ITEM(argument, 0), PyTuple_GET_ITEM(argument, 1), PyTuple_GET_ITEM(argument, 2));
}

static PyObject *rt_apply_named(PyObject *self, PyObject *argument) { return apply_named(argument); }

/* Add a slot to the column of its name. */
static int add_to_column(PyObject *columns, PyObject *name, PyObject *slot) {
    PyObject *column = PyDict_GetItemWithError(columns, name);
    int status;
    if (column != NULL) return PyList_Append(column, slot);
    column = PyList_New(1);
    if (column == NULL) return -1;
    PyList_SET_ITEM(column, 0, new_reference(slot));
    status = PyDict_SetItem(columns, name, column);
    Py_DECREF(column);
    return status;
}

static PyObject *columns_of(PyObject *sets) {
    PyObject *columns, *found = PyTuple_New(PyTuple_GET_SIZE(sets)), *name, *slot;
    if (found == NULL) return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sets); i++) {
        PyObject *attrs = set_in(PyTuple_GET_ITEM(sets, i));
        if (attrs == NULL) {
            Py_DECREF(found);
            return NULL;
        }
        PyTuple_SET_ITEM(found, i, attrs);
    }
    columns = PyDict_New();
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(found) && columns != NULL; i++) {
        Py_ssize_t at = 0;
        while (columns != NULL && PyDict_Next(PyTuple_GET_ITEM(found, i), &at, &name, &slot))
            if (name != WHERE_KEY && add_to_column(columns, name, slot) < 0) Py_CLEAR(columns);
    }
    Py_DECREF(found);
    return columns;
}

static PyObject *rt_zip_attrs_with(ARGUMENTS) {
    PyObject *function, *sets, *columns = NULL, *result = NULL, *name, *column;
    Py_ssize_t at = 0;
    EXPECT(ZIP_ATTRS_WITH, 2);
    function = function_in(args[0]);
    if (function == NULL) return NULL;
    sets = list_in(args[1]);
    if (sets != NULL) {
        columns = columns_of(sets);
        Py_DECREF(sets);
    }
    if (columns != NULL) result = _PyDict_NewPresized(PyDict_GET_SIZE(columns));
    while (result != NULL && PyDict_Next(columns, &at, &name, &column)) {
        PyObject *parts[3] = {function, name, PyList_AsTuple(column)}, *thunk = NULL;
        int status = -1;
        if (parts[2] != NULL) thunk = make_thunk(table[APPLY_NAMED].native, tuple_of(3, parts));
        if (thunk != NULL) status = PyDict_SetItem(result, name, thunk);
        Py_XDECREF(parts[2]);
        Py_XDECREF(thunk);
        if (status < 0) Py_CLEAR(result);
    }
    Py_XDECREF(columns);
    Py_DECREF(function);
    return result;
}

static PyObject *rt_group_by(ARGUMENTS) {
    PyObject *key, *members, *groups = NULL, *result = NULL, *name, *column;
    Py_ssize_t at = 0;
    EXPECT(GROUP_BY, 2);
    key = function_in(args[0]);
    if (key == NULL) return NULL;
    members = list_in(args[1]);
    if (members != NULL) groups = PyDict_New();
    for (Py_ssize_t i = 0; groups != NULL && i < PyTuple_GET_SIZE(members); i++) {
        PyObject *answer = apply(key, PyTuple_GET_ITEM(members, i));
        int status = -1;
        name = answer == NULL ? NULL : name_in(answer);
        if (name != NULL) status = add_to_column(groups, name, PyTuple_GET_ITEM(members, i));
        Py_XDECREF(answer);
        Py_XDECREF(name);
        if (status < 0) Py_CLEAR(groups);
    }
    if (groups != NULL) result = PyDict_New();
    while (result != NULL && PyDict_Next(groups, &at, &name, &column)) {
        PyObject *group = PyList_AsTuple(column);
        if (group == NULL || PyDict_SetItem(result, name, group) < 0) Py_CLEAR(result);
        Py_XDECREF(group);
    }
    Py_XDECREF(groups);
    Py_XDECREF(members);
    Py_DECREF(key);
    return result;
}
