# shellcheck shell=bash
# bash completion for ghcr-login. It asks --help, so that an option is described in one place:
# "  -u, --username NAME    the account ..." is an option with a value, whose kind is the word NAME.

_ghcr_login() {
    local program=${1/#\~\//$HOME/} current=$2 previous=$3
    local line options=() commands=()
    local -A value=()

    # readline has split --option=VALUE in three.
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    while IFS= read -r line; do
        if [[ $line =~ ^\ +(-([a-zA-Z]),)?\ +--([a-z-]+)(\ ([A-Z]+))?\  ]]; then
            options+=("--${BASH_REMATCH[3]}")
            value[--${BASH_REMATCH[3]}]=${BASH_REMATCH[5]}
            [[ -z ${BASH_REMATCH[2]} ]] || options+=("-${BASH_REMATCH[2]}")
            [[ -z ${BASH_REMATCH[2]} ]] || value[-${BASH_REMATCH[2]}]=${BASH_REMATCH[5]}
        elif [[ $line =~ ^(usage:|\ {6})\ ghcr-login\ \[?([a-z]+)\]?\  ]]; then
            commands+=("${BASH_REMATCH[2]}")
        fi
    done < <("$program" --help 2>/dev/null)

    COMPREPLY=()
    case ${previous:+${value[$previous]-}} in
    FILE)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
    DIR)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
    VAR) mapfile -t COMPREPLY < <(compgen -e -- "$current") ;;
    '')
        if [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "${options[*]}" -- "$current")
        elif [[ $COMP_CWORD -eq 1 ]]; then
            mapfile -t COMPREPLY < <(compgen -W "${commands[*]}" -- "$current")
        fi
        ;;
    esac
}

complete -F _ghcr_login ghcr-login
