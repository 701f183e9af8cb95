# shellcheck shell=bash
# bash completion for ghcr-login. It asks the help, so that an option is described in one place:
# "  -u, --username NAME    the account ..." is an option with a value, whose kind is the word NAME;
# "COMMAND --help" has the options of that command, and the usage of "--help" the commands.

# The command of "exec [OPTION...] -- COMMAND", completed as if it stood alone.
_ghcr_login_exec() {
    local i
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            if declare -F _comp_command_offset >/dev/null; then
                _comp_command_offset $((i + 1))
            elif declare -F _command_offset >/dev/null; then
                _command_offset $((i + 1))
            fi
            return 0
        fi
    done
    return 1
}

_ghcr_login() {
    local program=${1/#\~\//$HOME/} current=$2 previous=$3
    local line command=login options=() commands=()
    local -A value=()

    # readline has split --option=VALUE in three.
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    while IFS= read -r line; do
        [[ $line =~ ^(usage:|\ {6})\ ghcr-login\ \[?([a-z]+) ]] && commands+=("${BASH_REMATCH[2]}")
    done < <("$program" --help 2>/dev/null)
    for line in "${commands[@]}"; do
        [[ $COMP_CWORD -gt 1 && $line == "${COMP_WORDS[1]}" ]] && command=$line
    done

    COMPREPLY=()
    case $command in
    exec) ! _ghcr_login_exec || return 0 ;;
    help)
        [[ $COMP_CWORD -ne 2 ]] ||
            mapfile -t COMPREPLY < <(compgen -W "${commands[*]} all" -- "$current")
        return
        ;;
    version) return ;;
    esac
    while IFS= read -r line; do
        if [[ $line =~ ^\ +(-([a-zA-Z]),)?\ +--([a-z-]+)(\ ([A-Z]+))?\  ]]; then
            options+=("--${BASH_REMATCH[3]}")
            value[--${BASH_REMATCH[3]}]=${BASH_REMATCH[5]}
            [[ -z ${BASH_REMATCH[2]} ]] || options+=("-${BASH_REMATCH[2]}")
            [[ -z ${BASH_REMATCH[2]} ]] || value[-${BASH_REMATCH[2]}]=${BASH_REMATCH[5]}
        fi
    done < <("$program" "$command" --help 2>/dev/null)

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
