/* The module `blake3` of Python, over BLAKE3's own library in C: the names and meanings of the package `blake3`, but for
   files that are mapped, and for threads, which are accepted and not used. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <blake3.h>

typedef struct {
    PyObject_HEAD
    blake3_hasher hasher;
    /* As it was before anything was added. */
    blake3_hasher fresh;
} Hasher;

/* In the words of the package: as many threads as are worth it. */
enum { AUTO = -1 };

static int start(Hasher *self, PyObject *key, PyObject *context) {
    if (key != Py_None && context != Py_None) {
        PyErr_SetString(PyExc_ValueError, "cannot use key and derive_key_context at the same time");
        return -1;
    }
    if (key != Py_None) {
        Py_buffer bytes;
        if (PyObject_GetBuffer(key, &bytes, PyBUF_SIMPLE) < 0) {
            return -1;
        }
        int fits = bytes.len == BLAKE3_KEY_LEN;
        if (fits) {
            blake3_hasher_init_keyed(&self->hasher, bytes.buf);
        }
        PyBuffer_Release(&bytes);
        if (!fits) {
            PyErr_Format(PyExc_ValueError, "expected a %d-byte key", BLAKE3_KEY_LEN);
            return -1;
        }
    } else if (context != Py_None) {
        Py_ssize_t size;
        const char *text = PyUnicode_AsUTF8AndSize(context, &size);
        if (text == NULL) {
            return -1;
        }
        blake3_hasher_init_derive_key_raw(&self->hasher, text, (size_t)size);
    } else {
        blake3_hasher_init(&self->hasher);
    }
    self->fresh = self->hasher;
    return 0;
}

static int feed(Hasher *self, PyObject *data) {
    Py_buffer bytes;
    if (PyObject_GetBuffer(data, &bytes, PyBUF_SIMPLE) < 0) {
        return -1;
    }
    blake3_hasher_update(&self->hasher, bytes.buf, (size_t)bytes.len);
    PyBuffer_Release(&bytes);
    return 0;
}

static PyObject *hasher_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"", "key", "derive_key_context", "max_threads", "usedforsecurity", NULL};
    PyObject *data = NULL, *key = Py_None, *context = Py_None;
    Py_ssize_t threads = 1;
    int is_for_security = 1;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "|O$OOnp:blake3", names, &data, &key, &context, &threads, &is_for_security)) {
        return NULL;
    }
    if (threads < 1 && threads != AUTO) {
        PyErr_SetString(PyExc_ValueError, "not a valid number of threads");
        return NULL;
    }
    Hasher *self = (Hasher *)type->tp_alloc(type, 0);
    if (self != NULL && (start(self, key, context) < 0 || (data != NULL && feed(self, data) < 0))) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void hasher_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *hasher_update(PyObject *self, PyObject *data) {
    return feed((Hasher *)self, data) < 0 ? NULL : Py_NewRef(self);
}

static PyObject *hasher_reset(PyObject *self, PyObject *Py_UNUSED(nothing)) {
    ((Hasher *)self)->hasher = ((Hasher *)self)->fresh;
    Py_RETURN_NONE;
}

static PyObject *hasher_copy(PyObject *self, PyObject *Py_UNUSED(nothing)) {
    Hasher *other = (Hasher *)Py_TYPE(self)->tp_alloc(Py_TYPE(self), 0);
    if (other != NULL) {
        other->hasher = ((Hasher *)self)->hasher;
        other->fresh = ((Hasher *)self)->fresh;
    }
    return (PyObject *)other;
}

static PyObject *hasher_digest(PyObject *self, PyObject *args, PyObject *keywords) {
    static char *names[] = {"length", "seek", NULL};
    Py_ssize_t length = BLAKE3_OUT_LEN;
    unsigned long long seek = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|n$K:digest", names, &length, &seek)) {
        return NULL;
    }
    if (length < 0) {
        PyErr_SetString(PyExc_OverflowError, "a digest has no negative length");
        return NULL;
    }
    PyObject *digest = PyBytes_FromStringAndSize(NULL, length);
    if (digest != NULL) {
        blake3_hasher_finalize_seek(
            &((Hasher *)self)->hasher, seek, (uint8_t *)PyBytes_AS_STRING(digest), (size_t)length);
    }
    return digest;
}

static PyObject *hasher_hexdigest(PyObject *self, PyObject *args, PyObject *keywords) {
    PyObject *digest = hasher_digest(self, args, keywords);
    if (digest == NULL) {
        return NULL;
    }
    PyObject *text = PyObject_CallMethod(digest, "hex", NULL);
    Py_DECREF(digest);
    return text;
}

static PyMethodDef hasher_methods[] = {
    {"update", hasher_update, METH_O, "Add bytes; return the hasher."},
    {"digest", (PyCFunction)(void (*)(void))hasher_digest, METH_VARARGS | METH_KEYWORDS,
     "The digest: `length` bytes from `seek` on."},
    {"hexdigest", (PyCFunction)(void (*)(void))hasher_hexdigest, METH_VARARGS | METH_KEYWORDS,
     "The same in hexadecimal."},
    {"copy", hasher_copy, METH_NOARGS, "Another hasher with the same state."},
    {"reset", hasher_reset, METH_NOARGS, "Forget all bytes."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot hasher_slots[] = {
    {Py_tp_new, hasher_new},
    {Py_tp_dealloc, hasher_dealloc},
    {Py_tp_methods, hasher_methods},
    {Py_tp_doc, "blake3(data=b'', /, *, key=None, derive_key_context=None, max_threads=1, usedforsecurity=True)"},
    {0, NULL},
};

static PyType_Spec hasher_spec = {
    .name = "blake3.blake3",
    .basicsize = sizeof(Hasher),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = hasher_slots,
};

static int set_number(PyObject *type, const char *name, long value) {
    PyObject *number = PyLong_FromLong(value);
    int result = number == NULL ? -1 : PyObject_SetAttrString(type, name, number);
    Py_XDECREF(number);
    return result;
}

static int set_text(PyObject *where, const char *name, const char *value) {
    PyObject *text = PyUnicode_FromString(value);
    int result = text == NULL ? -1 : PyObject_SetAttrString(where, name, text);
    Py_XDECREF(text);
    return result;
}

static int fill(PyObject *module) {
    PyObject *type = PyType_FromModuleAndSpec(module, &hasher_spec, NULL);
    int result = type == NULL || set_number(type, "AUTO", AUTO) < 0 || set_text(type, "name", "blake3") < 0
                         || set_number(type, "digest_size", BLAKE3_OUT_LEN) < 0
                         || set_number(type, "block_size", BLAKE3_BLOCK_LEN) < 0
                         || set_number(type, "key_size", BLAKE3_KEY_LEN) < 0
                         || set_text(module, "__version__", BLAKE3_VERSION_STRING) < 0
                         || PyModule_AddObjectRef(module, "blake3", type) < 0
                     ? -1
                     : 0;
    Py_XDECREF(type);
    return result;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "blake3",
    .m_doc = "The digest BLAKE3.",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_blake3(void) {
    return PyModuleDef_Init(&definition);
}
