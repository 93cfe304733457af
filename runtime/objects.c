/* Names of store objects and the texts of derivations: store/digest.py, address.py and derivation.py. */

#define HASH_BYTES 20
#define DIGEST_BYTES 32
#define LONGEST_NAME 211

static const char base32_digits[] = "0123456789abcdfghijklmnpqrsvwxyz";

/* Nix base-32: the last digit first. `text` has room for all digits. */
static Py_ssize_t write_base32(const unsigned char *data, Py_ssize_t size, char *text) {
    Py_ssize_t length = (size * 8 + 4) / 5;
    for (Py_ssize_t i = 0; i < length; i++) {
        Py_ssize_t bit = (length - 1 - i) * 5, byte = bit / 8, shift = bit % 8;
        unsigned digit = data[byte] >> shift;
        if (shift > 3 && byte + 1 < size) digit |= (unsigned)data[byte + 1] << (8 - shift);
        text[i] = base32_digits[digit & 31];
    }
    return length;
}

static PyObject *rt_base32_encode(PyObject *self, PyObject *data) {
    char text[128];
    if (!PyBytes_CheckExact(data) || PyBytes_GET_SIZE(data) == 0 || PyBytes_GET_SIZE(data) > 64)
        return slow1(BASE32_ENCODE, data);
    return PyUnicode_FromStringAndSize(
        text, write_base32((unsigned char *)PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), text));
}

/* A text being written. After a failure `data` is NULL and an exception is set. */
typedef struct {
    char *data;
    Py_ssize_t size, room;
} Text;

static void open_text(Text *text, Py_ssize_t room) {
    text->size = 0;
    text->room = room;
    text->data = PyMem_Malloc(room);
    if (text->data == NULL) PyErr_NoMemory();
}

static int make_room(Text *text, Py_ssize_t more) {
    char *data;
    if (text->data == NULL) return -1;
    if (text->size + more <= text->room) return 0;
    text->room = (text->size + more) * 2;
    data = PyMem_Realloc(text->data, text->room);
    if (data == NULL) {
        PyMem_Free(text->data);
        PyErr_NoMemory();
    }
    text->data = data;
    return data == NULL ? -1 : 0;
}

static void put_bytes(Text *text, const char *bytes, Py_ssize_t size) {
    if (make_room(text, size) < 0) return;
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
}

static void put(Text *text, const char *words) { put_bytes(text, words, (Py_ssize_t)strlen(words)); }

static void give_up(Text *text) {
    PyMem_Free(text->data);
    text->data = NULL;
}

/* A Python text that is ASCII, as it is; anything else gives up without an exception: the Python function then runs. */
static void put_plain(Text *text, PyObject *word) {
    if (text->data == NULL) return;
    if (!PyUnicode_Check(word) || !PyUnicode_IS_ASCII(word)) give_up(text);
    else put_bytes(text, (const char *)PyUnicode_1BYTE_DATA(word), PyUnicode_GET_LENGTH(word));
}

static void put_hex(Text *text, const unsigned char *bytes, Py_ssize_t size) {
    static const char digits[] = "0123456789abcdef";
    if (make_room(text, size * 2) < 0) return;
    for (Py_ssize_t i = 0; i < size; i++) {
        text->data[text->size++] = digits[bytes[i] >> 4];
        text->data[text->size++] = digits[bytes[i] & 15];
    }
}

static void put_escape(Text *text, unsigned unit) {
    unsigned char bytes[2] = {unit >> 8, unit & 255};
    put_bytes(text, "\\u", 2);
    put_hex(text, bytes, 2);
}

/* A text as JSON, in ASCII. */
static void put_quoted(Text *text, PyObject *word) {
    Py_ssize_t length;
    const void *data;
    int kind;
    if (text->data == NULL) return;
    if (!PyUnicode_Check(word) || PyUnicode_READY(word) < 0) {
        PyErr_Clear();
        give_up(text);
        return;
    }
    length = PyUnicode_GET_LENGTH(word);
    data = PyUnicode_DATA(word);
    kind = PyUnicode_KIND(word);
    put_bytes(text, "\"", 1);
    if (make_room(text, length) < 0) return;
    for (Py_ssize_t i = 0; i < length; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
            char byte = (char)c;
            put_bytes(text, &byte, 1);
        } else if (c == '"') {
            put_bytes(text, "\\\"", 2);
        } else if (c == '\\') {
            put_bytes(text, "\\\\", 2);
        } else if (c == '\n') {
            put_bytes(text, "\\n", 2);
        } else if (c == '\t') {
            put_bytes(text, "\\t", 2);
        } else if (c == '\r') {
            put_bytes(text, "\\r", 2);
        } else if (c == '\b') {
            put_bytes(text, "\\b", 2);
        } else if (c == '\f') {
            put_bytes(text, "\\f", 2);
        } else if (c < 0x10000) {
            put_escape(text, c);
        } else {
            put_escape(text, Py_UNICODE_HIGH_SURROGATE(c));
            put_escape(text, Py_UNICODE_LOW_SURROGATE(c));
        }
    }
    put_bytes(text, "\"", 1);
}

/* A list of texts; a tuple or list of them, in the order they have. */
static void put_texts(Text *text, PyObject *words) {
    Py_ssize_t size;
    if (text->data == NULL) return;
    if (!PyTuple_Check(words) && !PyList_Check(words)) {
        give_up(text);
        return;
    }
    size = PySequence_Fast_GET_SIZE(words);
    put_bytes(text, "[", 1);
    for (Py_ssize_t i = 0; i < size; i++) {
        if (i) put_bytes(text, ",", 1);
        put_quoted(text, PySequence_Fast_GET_ITEM(words, i));
    }
    put_bytes(text, "]", 1);
}

static void put_environment(Text *text, PyObject *env) {
    PyObject *names;
    if (text->data == NULL) return;
    names = PyDict_CheckExact(env) ? PyDict_Keys(env) : NULL;
    if (names == NULL || PyList_Sort(names) < 0) {
        PyErr_Clear();
        give_up(text);
    }
    for (Py_ssize_t i = 0; text->data != NULL && i < PyList_GET_SIZE(names); i++) {
        PyObject *name = PyList_GET_ITEM(names, i);
        if (i) put_bytes(text, ",", 1);
        put_quoted(text, name);
        put_bytes(text, ":", 1);
        put_quoted(text, PyDict_GetItemWithError(env, name));
    }
    Py_XDECREF(names);
}

/* `/chx/store/<hash>-<name>` of a StorePath, or NULL, perhaps without an exception. */
static PyObject *path_text(PyObject *path) {
    if (!Py_IS_TYPE(path, STORE_PATH)) return NULL;
    return PyUnicode_FromFormat("%U/%U-%U", STORE_DIR, PyTuple_GET_ITEM(path, 0), PyTuple_GET_ITEM(path, 1));
}

static PyObject *sorted_copy(PyObject *sequence) {
    PyObject *list = PySequence_List(sequence);
    if (list != NULL && PyList_Sort(list) < 0) Py_CLEAR(list);
    return list;
}

static void put_inputs(Text *text, PyObject *inputs) {
    PyObject *rows, *path, *outputs;
    Py_ssize_t at = 0;
    if (text->data == NULL) return;
    rows = PyDict_CheckExact(inputs) ? PyList_New(0) : NULL;
    while (rows != NULL && PyDict_Next(inputs, &at, &path, &outputs)) {
        PyObject *key = path_text(path), *names = sorted_copy(outputs), *row = NULL;
        if (key != NULL && names != NULL) row = PyTuple_Pack(2, key, names);
        if (row == NULL || PyList_Append(rows, row) < 0) Py_CLEAR(rows);
        Py_XDECREF(key);
        Py_XDECREF(names);
        Py_XDECREF(row);
    }
    if (rows == NULL || PyList_Sort(rows) < 0) {
        PyErr_Clear();
        give_up(text);
    }
    for (Py_ssize_t i = 0; text->data != NULL && i < PyList_GET_SIZE(rows); i++) {
        PyObject *row = PyList_GET_ITEM(rows, i);
        if (i) put_bytes(text, ",", 1);
        put_quoted(text, PyTuple_GET_ITEM(row, 0));
        put_bytes(text, ":", 1);
        put_texts(text, PyTuple_GET_ITEM(row, 1));
    }
    Py_XDECREF(rows);
}

static void put_sources(Text *text, PyObject *sources) {
    PyObject *paths;
    if (text->data == NULL) return;
    paths = PyTuple_Check(sources) ? PyList_New(0) : NULL;
    for (Py_ssize_t i = 0; paths != NULL && i < PyTuple_GET_SIZE(sources); i++) {
        PyObject *path = path_text(PyTuple_GET_ITEM(sources, i));
        if (path == NULL || PyList_Append(paths, path) < 0) Py_CLEAR(paths);
        Py_XDECREF(path);
    }
    if (paths == NULL || PyList_Sort(paths) < 0) {
        PyErr_Clear();
        give_up(text);
    }
    if (text->data != NULL) put_texts(text, paths);
    Py_XDECREF(paths);
}

static void put_fixed(Text *text, PyObject *fixed) {
    PyObject *digest;
    if (text->data == NULL) return;
    if (!PyTuple_Check(fixed) || PyTuple_GET_SIZE(fixed) != 3 || !PyBytes_CheckExact(PyTuple_GET_ITEM(fixed, 1))) {
        give_up(text);
        return;
    }
    digest = PyTuple_GET_ITEM(fixed, 1);
    put(text, ",\"fixed\":{\"algorithm\":\"");
    put_plain(text, PyTuple_GET_ITEM(fixed, 0));
    put(text, "\",\"digest\":\"");
    put_hex(text, (unsigned char *)PyBytes_AS_STRING(digest), PyBytes_GET_SIZE(digest));
    put(text, "\",\"mode\":\"");
    put_plain(text, PyTuple_GET_ITEM(fixed, 2));
    put(text, "\"}");
}

/* The fields of a derivation, in the order of its declaration. */
enum { NAME, SYSTEM, BUILDER, ARGS, ENV, OUTPUTS, FIXED, INPUT_DRVS, INPUT_SRCS, ROOTFS, FIELDS };

/* `canonical_json`: sorted keys, no white space, ASCII. */
static PyObject *rt_canonical_json(PyObject *self, PyObject *derivation) {
    Text text;
    PyObject *result;
#define FIELD(index) PyTuple_GET_ITEM(derivation, index)
    if (!PyTuple_Check(derivation) || PyTuple_GET_SIZE(derivation) != FIELDS) return slow1(CANONICAL_JSON, derivation);
    open_text(&text, 4096);
    put(&text, "{\"args\":");
    put_texts(&text, FIELD(ARGS));
    put(&text, ",\"builder\":");
    put_quoted(&text, FIELD(BUILDER));
    put(&text, ",\"env\":{");
    put_environment(&text, FIELD(ENV));
    put(&text, "}");
    if (FIELD(FIXED) != Py_None) put_fixed(&text, FIELD(FIXED));
    put(&text, ",\"inputDrvs\":{");
    put_inputs(&text, FIELD(INPUT_DRVS));
    put(&text, "},\"inputSrcs\":");
    put_sources(&text, FIELD(INPUT_SRCS));
    put(&text, ",\"name\":");
    put_quoted(&text, FIELD(NAME));
    put(&text, ",\"outputs\":");
    put_texts(&text, FIELD(OUTPUTS));
    if (FIELD(ROOTFS) != Py_None) {
        put(&text, ",\"rootfs\":");
        put_texts(&text, FIELD(ROOTFS));
    }
    put(&text, ",\"system\":");
    put_quoted(&text, FIELD(SYSTEM));
    put(&text, ",\"version\":1}");
#undef FIELD
    if (text.data == NULL) return PyErr_Occurred() ? NULL : slow1(CANONICAL_JSON, derivation);
    result = PyBytes_FromStringAndSize(text.data, text.size);
    give_up(&text);
    return result;
}

/* --- names */

/* The BLAKE3 digest of some bytes; a new `bytes`. */
static PyObject *blake3_of_bytes(PyObject *bytes) {
    static PyObject *hasher, *digest_name;
    PyObject *state, *digest = NULL;
    if (hasher == NULL) {
        PyObject *module = PyImport_ImportModule("blake3");
        if (module == NULL) return NULL;
        hasher = PyObject_GetAttrString(module, "blake3");
        Py_DECREF(module);
        digest_name = PyUnicode_InternFromString("digest");
        if (hasher == NULL || digest_name == NULL) return NULL;
    }
    state = PyObject_CallOneArg(hasher, bytes);
    if (state != NULL) digest = PyObject_CallMethodNoArgs(state, digest_name);
    Py_XDECREF(state);
    if (digest != NULL && (!PyBytes_CheckExact(digest) || PyBytes_GET_SIZE(digest) != DIGEST_BYTES)) {
        PyErr_SetString(PyExc_TypeError, "a BLAKE3 digest has 32 bytes");
        Py_CLEAR(digest);
    }
    return digest;
}

static PyObject *blake3_of(const char *data, Py_ssize_t size) {
    PyObject *bytes = PyBytes_FromStringAndSize(data, size), *digest;
    if (bytes == NULL) return NULL;
    digest = blake3_of_bytes(bytes);
    Py_DECREF(bytes);
    return digest;
}

/* Whether `check_name` has nothing against a name. */
static int is_good_name(PyObject *name) {
    static const char others[] = "+-._?=";
    const char *text;
    Py_ssize_t length;
    if (!PyUnicode_CheckExact(name) || !PyUnicode_IS_ASCII(name)) return 0;
    text = (const char *)PyUnicode_1BYTE_DATA(name);
    length = PyUnicode_GET_LENGTH(name);
    /* What begins with a point is left to the Python function. */
    if (length == 0 || length > LONGEST_NAME || text[0] == '.') return 0;
    for (Py_ssize_t i = 0; i < length; i++)
        if (!Py_ISALNUM(text[i]) && (text[i] == 0 || strchr(others, text[i]) == NULL)) return 0;
    return 1;
}

/* `base` of every StorePath, sorted, each once; NULL, perhaps without an exception. */
static PyObject *sorted_bases(PyObject *references) {
    PyObject *bases, *result;
    if (!PyTuple_CheckExact(references)) return NULL;
    bases = PySet_New(NULL);
    for (Py_ssize_t i = 0; bases != NULL && i < PyTuple_GET_SIZE(references); i++) {
        PyObject *path = PyTuple_GET_ITEM(references, i), *base = NULL;
        if (Py_IS_TYPE(path, STORE_PATH))
            base = PyUnicode_FromFormat("%U-%U", PyTuple_GET_ITEM(path, 0), PyTuple_GET_ITEM(path, 1));
        if (base == NULL || PySet_Add(bases, base) < 0) Py_CLEAR(bases);
        Py_XDECREF(base);
    }
    if (bases == NULL) return NULL;
    result = sorted_copy(bases);
    Py_DECREF(bases);
    return result;
}

static PyObject *new_store_path(PyObject *digest, PyObject *name) {
    char text[64];
    PyObject *hash, *fields, *arguments = NULL, *path = NULL;
    Py_ssize_t length = write_base32((unsigned char *)PyBytes_AS_STRING(digest), HASH_BYTES, text);
    hash = PyUnicode_FromStringAndSize(text, length);
    if (hash == NULL) return NULL;
    fields = PyTuple_Pack(2, hash, name);
    Py_DECREF(hash);
    if (fields != NULL) arguments = PyTuple_Pack(1, fields);
    if (arguments != NULL) path = PyTuple_Type.tp_new(STORE_PATH, arguments, NULL);
    Py_XDECREF(fields);
    Py_XDECREF(arguments);
    return path;
}

/* The store path of a tree: header, digest of the manifest, name, nothing, references. */
static PyObject *named_path(PyObject *manifest_digest, PyObject *name, PyObject *bases) {
    Text text;
    PyObject *digest, *path;
    open_text(&text, 1024);
    put(&text, "chx store path 1\n");
    put_hex(&text, (unsigned char *)PyBytes_AS_STRING(manifest_digest), DIGEST_BYTES);
    put(&text, "\n");
    put_plain(&text, name);
    put(&text, "\n");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(bases); i++) {
        put(&text, "\n");
        put_plain(&text, PyList_GET_ITEM(bases, i));
    }
    if (text.data == NULL) return NULL;
    digest = blake3_of(text.data, text.size);
    give_up(&text);
    if (digest == NULL) return NULL;
    path = new_store_path(digest, name);
    Py_DECREF(digest);
    return path;
}

/* The digest of the manifest of one file, given that of its content. */
static PyObject *manifest_digest(PyObject *content_digest, Py_ssize_t size, int executable) {
    Text text;
    char shown[32];
    PyObject *digest;
    open_text(&text, 256);
    put(&text, executable ? "chx manifest 1\nx " : "chx manifest 1\nf ");
    put_hex(&text, (unsigned char *)PyBytes_AS_STRING(content_digest), DIGEST_BYTES);
    snprintf(shown, sizeof(shown), " %zd ", size);
    put(&text, shown);
    put_bytes(&text, "", 1); /* the name of the root, which is empty, ends in a zero */
    if (text.data == NULL) return NULL;
    digest = blake3_of(text.data, text.size);
    give_up(&text);
    return digest;
}

/* `path_of_file(content, name, references, executable)`. */
static PyObject *rt_path_of_file(ARGUMENTS) {
    PyObject *bases, *digest, *path = NULL;
    EXPECT(PATH_OF_FILE, 4);
    bases = PyBytes_CheckExact(args[0]) && is_good_name(args[1]) ? sorted_bases(args[2]) : NULL;
    if (bases == NULL) return PyErr_Occurred() ? NULL : slow(PATH_OF_FILE, args, count);
    digest = blake3_of_bytes(args[0]);
    if (digest != NULL) Py_SETREF(digest, manifest_digest(digest, PyBytes_GET_SIZE(args[0]), args[3] == Py_True));
    if (digest != NULL) path = named_path(digest, args[1], bases);
    Py_XDECREF(digest);
    Py_DECREF(bases);
    return path != NULL || PyErr_Occurred() ? path : slow(PATH_OF_FILE, args, count);
}

/* `upstream_placeholder(derivation, output)`: `/` and 52 base-32 characters. */
static PyObject *rt_upstream_placeholder(ARGUMENTS) {
    Text text;
    PyObject *digest;
    char shown[64] = "/";
    EXPECT(UPSTREAM_PLACEHOLDER, 2);
    if (!Py_IS_TYPE(args[0], STORE_PATH)) return slow(UPSTREAM_PLACEHOLDER, args, count);
    open_text(&text, 512);
    put(&text, "chx-upstream-output:");
    put_plain(&text, PyTuple_GET_ITEM(args[0], 0));
    put(&text, "-");
    put_plain(&text, PyTuple_GET_ITEM(args[0], 1));
    put(&text, ":");
    put_plain(&text, args[1]);
    if (text.data == NULL) return PyErr_Occurred() ? NULL : slow(UPSTREAM_PLACEHOLDER, args, count);
    digest = blake3_of(text.data, text.size);
    give_up(&text);
    if (digest == NULL) return NULL;
    write_base32((unsigned char *)PyBytes_AS_STRING(digest), DIGEST_BYTES, shown + 1);
    Py_DECREF(digest);
    return PyUnicode_FromStringAndSize(shown, 53);
}
