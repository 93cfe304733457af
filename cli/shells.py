"""Completion scripts. Each asks `chx completion SHELL -- WORD...`, with the words after `chx` up to the cursor."""

from __future__ import annotations

from typing import Final

_BASH: Final = r"""# Completion of chx for bash.
_chx() {
    local word current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ $word == :files ]]; then
            compopt -o filenames
            while IFS= read -r word; do
                COMPREPLY+=("$word")
            done < <(compgen -f -- "${current#=}")
            continue
        fi
        # bash separates words at `=`: it completes what follows.
        [[ $word == --*=* && $current != --* ]] && word=${word#*=}
        COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]}" completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _chx chx
"""

_ZSH: Final = r"""#compdef chx
# Completion of chx for zsh.
_chx() {
    local line
    local -a described
    local files=0
    for line in "${(@f)$("${words[1]}" completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            :files) files=1 ;;
            *$'\t'*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
            *) described+=("${line//:/\\:}") ;;
        esac
    done
    (( ${#described} )) && _describe -t chx 'chx' described
    if (( files )); then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _files
    fi
}
if [[ $funcstack[1] == _chx ]]; then _chx "$@"; else compdef _chx chx; fi
"""

_FISH: Final = r"""# Completion of chx for fish.
function __chx_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] completion fish -- $words[2..-1] $current 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
        else
            printf '%s\n' $line
        end
    end
end
complete -c chx -f -a '(__chx_candidates)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
