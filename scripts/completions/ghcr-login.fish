# fish completion for ghcr-login. It asks the help, so that an option is described in one place:
# "  -u, --username NAME    the account ..." is an option with a value, whose kind is the word NAME;
# "COMMAND --help" has the options of that command, and the usage of "--help" the commands.

# The words before the cursor, without the program.
function __ghcr_login_words
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    printf '%s\n' $words[2..]
end

# Whether the line is for one of these commands; 'login' need not be named.
function __ghcr_login_is
    set -l words (__ghcr_login_words)
    set -l command login
    contains -- "$words[1]" $__ghcr_login_commands; and set command $words[1]
    contains -- $command $argv; and not __ghcr_login_runs
end

# Whether the cursor is after "exec ... --".
function __ghcr_login_runs
    set -l words (__ghcr_login_words)
    test "$words[1]" = exec; and contains -- -- $words
end

# The command of exec, completed as if it stood alone.
function __ghcr_login_command
    set -l words (__ghcr_login_words)
    set -l end (contains --index -- -- $words)
    set -l rest (string escape -- $words[(math $end + 1)..])
    complete --do-complete (string join ' ' -- $rest (commandline --current-token --cut-at-cursor))
end

set -g __ghcr_login_commands
for line in (ghcr-login --help 2>/dev/null)
    if string match -qr '^(usage:|      ) ghcr-login \[?(?<name>[a-z]+)' -- $line
        set -a __ghcr_login_commands $name
    end
end

complete -c ghcr-login --no-files
complete -c ghcr-login --condition __fish_use_subcommand --arguments "$__ghcr_login_commands"
complete -c ghcr-login --condition '__ghcr_login_is help' --arguments "$__ghcr_login_commands all"
complete -c ghcr-login --condition __ghcr_login_runs --arguments '(__ghcr_login_command)'
for command in $__ghcr_login_commands
    contains -- $command help version; and continue
    for line in (ghcr-login $command --help 2>/dev/null)
        if string match -qr '^ +(-(?<letter>[a-zA-Z]),)? +--(?<name>[a-z-]+)( (?<value>[A-Z]+))? +(?<help>.*)$' -- $line
            set -l arguments --long-option $name --description $help
            test -n "$letter"; and set -a arguments --short-option $letter
            switch "$value"
                case FILE
                    set -a arguments --require-parameter --force-files
                case DIR
                    set -a arguments --exclusive --arguments '(__fish_complete_directories)'
                case VAR
                    set -a arguments --exclusive --arguments '(set --names --export)'
                case '?*'
                    set -a arguments --exclusive
            end
            complete -c ghcr-login --condition "__ghcr_login_is $command" $arguments
        end
    end
end
