#include "mqtk/completion.hpp"

namespace mqtk::dispatcher {

namespace {

constexpr std::string_view bash = R"sh(# Made by `mqtk --generate bash`.
_mqtk() {
  local cur=${COMP_WORDS[COMP_CWORD]} first=1
  COMPREPLY=()
  [[ ${COMP_WORDS[1]} == help ]] && first=2
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "help --help --version $("${COMP_WORDS[0]}" --generate names 2>/dev/null)" -- "$cur")
  elif ((COMP_CWORD == 2 && first == 2)); then
    mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --generate names 2>/dev/null)" -- "$cur")
  elif ((first == 1)); then
    local program=mqtk-${COMP_WORDS[1]}
    if ! complete -p "$program" &>/dev/null && declare -F _completion_loader &>/dev/null; then
      _completion_loader "$program" &>/dev/null
    fi
    local function=_mqtk_${COMP_WORDS[1]//-/_}
    if declare -F "$function" &>/dev/null; then
      COMP_WORDS=("$program" "${COMP_WORDS[@]:2}")
      ((COMP_CWORD -= 1))
      "$function"
    fi
  fi
}
complete -F _mqtk mqtk
)sh";

constexpr std::string_view zsh = R"sh(#compdef mqtk
# Made by `mqtk --generate zsh`.
if ((CURRENT == 2)); then
  compadd -- help --help --version ${(f)"$($words[1] --generate names 2>/dev/null)"}
elif [[ $words[2] == help ]]; then
  ((CURRENT == 3)) && compadd -- ${(f)"$($words[1] --generate names 2>/dev/null)"}
else
  shift words
  ((CURRENT -= 1))
  words[1]="mqtk-$words[1]"
  _normal
fi
)sh";

constexpr std::string_view fish = R"sh(# Made by `mqtk --generate fish`.
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
)sh";

}  // namespace

std::string_view completion(std::string_view shell) {
  if (shell == "bash") return bash;
  if (shell == "zsh") return zsh;
  if (shell == "fish") return fish;
  return "";
}

}  // namespace mqtk::dispatcher
