# SQLite's library, from the one file that upstream makes of its sources. The archive of
# Debian that carries the file is DBD::SQLite's: upstream's own sources need Tcl to make it.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "sqlite";
  version = "3.46.1";

  src = unpack {
    name = "sqlite-source";
    src = fetchurl {
      url = "debian-source:libdbd-sqlite3-perl/libdbd-sqlite3-perl_1.76.orig.tar.gz";
      sha256 = "0a33a7a935be63371071dbe600cfaefa67cd971b67580a917bbf6ebaf723c584";
    };
  };

  configurePhase = "";

  # Without modules that are loaded at run time, which a static program has none of.
  buildPhase = ''
    $CC $CFLAGS -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_MATH_FUNCTIONS \
      -DSQLITE_ENABLE_COLUMN_METADATA -c sqlite3.c
    $AR rc libsqlite3.a sqlite3.o
    $RANLIB libsqlite3.a
  '';

  doCheck = true;
  checkPhase = ''
    cat > try.c <<'end'
    #include <stdio.h>
    #include "sqlite3.h"

    static int show(void *data, int count, char **values, char **names) {
      for (int i = 0; i < count; i++) puts(values[i]);
      return 0;
    }

    int main(void) {
      sqlite3 *database;
      char *error = 0;
      const char *text =
        "create table t (a integer primary key, b text); insert into t (b) values ('x'), ('y');"
        "select sum(a) || group_concat(b, '-') || cast(sqrt(2.25) as text) || sqlite_version() from t;"
        "pragma integrity_check;";
      if (sqlite3_open("try.db", &database) || sqlite3_exec(database, text, show, 0, &error)) return 1;
      return sqlite3_close(database);
    }
    end
    $CC $CFLAGS -I. $LDFLAGS -o try try.c libsqlite3.a -lm -lpthread
    test "$(./try)" = "3x-y1.5$version
    ok"
  '';

  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp sqlite3.h sqlite3ext.h "$out/usr/include/"
    cp libsqlite3.a "$out/usr/lib/"
    printf '%s\n' 'Name: SQLite' 'Description: SQL database in a file' "Version: $version" \
      'Libs: -lsqlite3 -lm -lpthread' 'Cflags:' > "$out/usr/lib/pkgconfig/sqlite3.pc"
  '';

  meta = {
    description = "library of a database in one file, with SQL";
    homepage = "https://www.sqlite.org/";
    license = "blessing";
    origin = "independent";
  };
}
