[
  "tab\t newline\n return\r quote\" backslash\\ dollar\$ \${not} $notvar $$ \a"
  ''
    two single quotes: '''
    dollar brace: ''${not}
    newline escape: ''\n tab: ''\t
      indented
    $ $$ ''$ ' "
  ''
  ''one line''
  ''

    blank lines around

  ''
  "${"nested ${"deeper ${"deepest"}"}"}"
  "multi
  line"
  "a${""}b" "" '''' 
]
