/* The compiled runtime of the evaluator: module chx._runtime, see native.py and docs/evaluator.md. */

#include "runtime.h"
#include "thunks.c"
#include "calls.c"
#include "scopes.c"
#include "sets.c"
#include "lists.c"
#include "coerce.c"
#include "objects.c"
#include "arenas.c"

/* Thunks whose function is one of ours are evaluated without a call through Python's protocol. */
static PyObject *run_late(PyObject *function, PyObject *argument) {
    if (PyCFunction_GET_FLAGS(function) == METH_O)
        return PyCFunction_GET_FUNCTION(function)(PyCFunction_GET_SELF(function), argument);
    return invoke(function, &argument, 1);
}

#define ONE(index, name, function) [index] = {name, {name, function, METH_O, NULL}, NULL, NULL, NULL}
#define MANY(index, name, function) \
    [index] = {name, {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}, NULL, NULL, NULL}

static Replacement table[REPLACEMENTS] = {
    ONE(FORCE, "force.force", rt_force),
    ONE(FORCE_SLOT, "force.force_slot", rt_force),
    MANY(FORCE_ATTR, "force.force_attr", rt_force_attr),
    ONE(NAMES, "values.names", rt_names),
    ONE(SIZE, "values.size", rt_size),
    ONE(VALUE, "arguments.value", rt_force),
    ONE(ITEMS, "arguments.items", rt_items),
    ONE(ATTRS, "arguments.attrs", rt_attrs),
    ONE(FUNCTION, "arguments.function", rt_function),
    ONE(BOOLEAN, "arguments.boolean", NULL),
    ONE(PLAIN_STRING, "arguments.plain_string", rt_plain_string),
    MANY(CALL, "operators.call", rt_call),
    MANY(CALL2, "operators.call2", rt_call2),
    MANY(CALL3, "operators.call3", rt_call3),
    MANY(SELECT_SLOT, "operators.select_slot", rt_select_slot),
    MANY(SELECT_SLOT1, "operators.select_slot1", rt_select_slot1),
    ONE(SELECT_LATE, "operators.select_late", rt_select_late),
    MANY(LOOKUP, "operators.lookup", rt_lookup),
    MANY(LOOKUP_SLOT, "operators.lookup_slot", rt_lookup_slot),
    ONE(LOOKUP_LATE, "operators.lookup_late", rt_lookup_late),
    MANY(INHERIT_SLOT, "loader.inherit_slot", rt_inherit_slot),
    ONE(INHERIT_FROM, "loader.inherit_from", rt_inherit_from),
    MANY(UPDATE, "operators.update", rt_update),
    MANY(JOIN_SITES, "operators._join_sites", NULL),
    MANY(SELECT, "operators.select", rt_select),
    MANY(SELECT_OR, "operators.select_or", rt_select_or),
    MANY(HAS_PATH, "operators.has_path", rt_has_path),
    MANY(EQUAL, "equality.equal", rt_equal),
    MANY(EQUAL_SLOTS, "equality.equal_slots", rt_equal_slots),
    ONE(IS_ORDERED, "equality._is_ordered", NULL),
    ONE(HEAD, "lists.head", rt_head),
    ONE(TAIL, "lists.tail", rt_tail),
    MANY(ELEM_AT, "lists.elem_at", rt_elem_at),
    MANY(MAP, "lists.map", rt_map),
    ONE(APPLY_LATE, "lists._apply_late", rt_apply_late),
    MANY(FILTER, "lists.filter", rt_filter),
    MANY(ALL, "lists.all", rt_all),
    MANY(ANY, "lists.any", rt_any),
    MANY(ELEM, "lists.elem", rt_elem),
    ONE(CONCAT_LISTS, "lists.concat_lists", rt_concat_lists),
    MANY(CONCAT_MAP, "lists.concat_map", rt_concat_map),
    MANY(FOLD_LEFT, "lists.fold_left", rt_fold_left),
    MANY(GEN_LIST, "lists.gen_list", rt_gen_list),
    ONE(ATTR_NAMES, "attrsets.attr_names", rt_attr_names),
    ONE(ATTR_VALUES, "attrsets.attr_values", rt_attr_values),
    MANY(CAT_ATTRS, "attrsets.cat_attrs", rt_cat_attrs),
    MANY(GET_ATTR, "attrsets.get_attr", rt_get_attr),
    MANY(HAS_ATTR, "attrsets.has_attr", rt_has_attr),
    MANY(REMOVE_ATTRS, "attrsets.remove_attrs", rt_remove_attrs),
    MANY(INTERSECT_ATTRS, "attrsets.intersect_attrs", rt_intersect_attrs),
    ONE(LIST_TO_ATTRS, "attrsets.list_to_attrs", rt_list_to_attrs),
    MANY(MAP_ATTRS, "attrsets.map_attrs", rt_map_attrs),
    ONE(APPLY_FULL, "attrsets._apply_full", rt_apply_full),
    ONE(APPLY_LATE_NAMED, "attrsets._apply_late", rt_apply_late_named),
    ONE(APPLY_NAMED, "attrsets._apply_named", rt_apply_named),
    MANY(ZIP_ATTRS_WITH, "attrsets.zip_attrs_with", rt_zip_attrs_with),
    MANY(GROUP_BY, "attrsets.group_by", rt_group_by),
    [COERCE_TO_STRING] = {"coerce.coerce_to_string",
                          {"coerce.coerce_to_string", (PyCFunction)(void (*)(void))rt_coerce_to_string,
                           METH_FASTCALL | METH_KEYWORDS, NULL},
                          NULL, NULL, NULL},
    ONE(INTERPOLATE, "coerce.interpolate", rt_interpolate),
    MANY(FILL, "derivations.fill", rt_fill),
    MANY(ALL_ASCII, "derivations.all_ascii", rt_all_ascii),
    ONE(BASE32_ENCODE, "digest.base32_encode", rt_base32_encode),
    ONE(CANONICAL_JSON, "derivation.canonical_json", rt_canonical_json),
    MANY(PATH_OF_FILE, "address.path_of_file", rt_path_of_file),
    MANY(UPSTREAM_PLACEHOLDER, "derivation.upstream_placeholder", rt_upstream_placeholder),
};

/* The compiled function has the documentation of the Python function. */
static int take_documentation(Replacement *entry) {
    PyObject *text = PyObject_GetAttrString(entry->pure, "__doc__");
    if (text == NULL) return -1;
    if (text == Py_None) {
        entry->method.ml_doc = NULL;
    } else if ((entry->method.ml_doc = PyUnicode_AsUTF8(text)) == NULL) {
        Py_DECREF(text);
        return -1;
    }
    Py_XSETREF(entry->documentation, text);
    return 0;
}

/* replace(key, function): the compiled function of that key, whose `__self__` is the Python function. The latter itself
   where it is only called from here. */
static PyObject *module_replace(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    const char *key = count == 2 ? PyUnicode_AsUTF8(args[0]) : NULL;
    for (int i = 0; key != NULL && i < REPLACEMENTS; i++) {
        Replacement *entry = &table[i];
        if (strcmp(entry->name, key) != 0) continue;
        Py_XSETREF(entry->pure, new_reference(args[1]));
        if (entry->method.ml_meth == NULL) return new_reference(args[1]);
        if (take_documentation(entry) < 0) return NULL;
        Py_XSETREF(entry->native, PyCFunction_NewEx(&entry->method, args[1], NULL));
        return Py_XNewRef(entry->native);
    }
    if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, count ? args[0] : Py_None);
    return NULL;
}

/* What the Python modules hand over: where each goes. */
static const struct {
    const char *name;
    PyObject **target;
} shared[] = {
    {"WHERE", &WHERE_KEY},
    {"MISSING", &MISSING_VALUE},
    {"FULL2", &FULL2_FUNCTIONS},
    {"FULL3", &FULL3_FUNCTIONS},
    {"blackhole", &BLACKHOLE},
    {"InfiniteRecursion", &INFINITE_RECURSION},
    {"FORCING", &FORCING_CODE},
    {"LATE", &LATE_CODE},
    {"ContextString", (PyObject **)&CONTEXT_STRING},
    {"Path", (PyObject **)&PATH},
    {"Builtin", (PyObject **)&BUILTIN},
    {"Partial", (PyObject **)&PARTIAL},
    {"StorePath", (PyObject **)&STORE_PATH},
    {"STORE_DIR", &STORE_DIR},
    {"EMPTY", &NO_CONTEXT},
};

/* Where objects of a class keep the slot of a name. */
static int find_slot(PyTypeObject *type, const char *name, Py_ssize_t *offset) {
    PyObject *found = PyObject_GetAttrString((PyObject *)type, name);
    if (found == NULL) return -1;
    if (!Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        PyErr_Format(PyExc_TypeError, "%s is no slot", name);
        Py_DECREF(found);
        return -1;
    }
    *offset = ((PyMemberDescrObject *)found)->d_member->offset;
    Py_DECREF(found);
    return 0;
}

/* share(name, object) */
static PyObject *module_share(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    const char *name = count == 2 ? PyUnicode_AsUTF8(args[0]) : NULL;
    size_t known = sizeof(shared) / sizeof(shared[0]), i = 0;
    PyTypeObject *type;
    if (name == NULL) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "share(name, object)");
    while (i < known && strcmp(shared[i].name, name) != 0) i++;
    if (i == known) return PyErr_Format(PyExc_KeyError, "%s", name);
    Py_XSETREF(*shared[i].target, new_reference(args[1]));
    type = (PyTypeObject *)args[1];
    if (type == BUILTIN) {
        if (find_slot(type, "arity", &builtin_arity) < 0 || find_slot(type, "function", &builtin_function) < 0) return NULL;
    } else if (type == PARTIAL) {
        if (find_slot(type, "arguments", &partial_arguments) < 0 || find_slot(type, "builtin", &partial_builtin) < 0)
            return NULL;
    } else if (type == CONTEXT_STRING) {
        if (find_slot(type, "text", &context_string_text) < 0
            || find_slot(type, "context", &context_string_context) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

/* deepen(calls): 3.12 and 3.13 count the C calls of a thread by themselves, and allow few: allow as many as of Python's.
   `too_deep` looks at the stack itself, as later versions do. */
static PyObject *module_deepen(PyObject *module, PyObject *calls) {
    long most = PyLong_AsLong(calls);
    if (most == -1 && PyErr_Occurred()) return NULL;
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000
    PyThreadState *state = PyThreadState_Get();
    if (most > state->c_recursion_remaining) state->c_recursion_remaining = most > INT_MAX ? INT_MAX : (int)most;
#endif
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"deepen", module_deepen, METH_O, NULL},
    {"replace", (PyCFunction)(void (*)(void))module_replace, METH_FASTCALL, NULL},
    {"share", (PyCFunction)(void (*)(void))module_share, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_runtime", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__runtime(void) {
    use_large_pages();
    NO_NAME = PyUnicode_InternFromString("");
    return NO_NAME == NULL ? NULL : PyModule_Create(&definition);
}
