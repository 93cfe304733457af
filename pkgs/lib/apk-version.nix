# The regular expression of apk's versions, without the revision.
"[0-9]+([.][0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(~[0-9a-f]+)?"
