# Made by `mqtk --generate fish`.
function __mqtk_rest
    set -l words (commandline -opc)
    if test "$words[2]" = help
        $words[1] --generate names 2>/dev/null
    else
        set -l rest (string escape -- $words[3..-1])
        complete -C "mqtk-$words[2] $rest "(commandline -ct)
    end
end
complete -c mqtk -f
complete -c mqtk -n __fish_use_subcommand -a '(mqtk --generate names 2>/dev/null)'
complete -c mqtk -n __fish_use_subcommand -a help -d 'Show the manual of a program'
complete -c mqtk -n __fish_use_subcommand -l help -d 'List the programs'
complete -c mqtk -n __fish_use_subcommand -l version -d 'Show the version'
complete -c mqtk -n 'not __fish_use_subcommand' -a '(__mqtk_rest)'
