# Help of the command line: one message a command (`help-` and its words joined by `-`), one attribute an argument.
# `.examples`: lines to type (a leading `$ ` is dropped), ` # ` begins what they do. `.more`: what only --help says.

exit-0 = done
exit-1 = failed
exit-2 = the command line or a configuration file is wrong
exit-3 = this server does not meet the requirements
exit-4 = a confirmation is needed and nobody can be asked
exit-5 = another operation runs
exit-6 = signature or content of a release is not in order
exit-7 = everything was taken back; the server is as it was before
exit-8 = not everything could be taken back
exit-9 = the agent does not answer
exit-10 = something would be changed
exit-130 = left; the operation goes on

install-place-completion = words for the TAB key: { $path }

label-example = EXAMPLE
explain-exit-finding = { $exit } (where it blocks; a warning changes no exit code)
label-exit = EXIT

help-heading-usage = Usage:
help-heading-examples = Examples:
help-heading-commands = Commands:
help-heading-arguments = Arguments:
help-heading-options = Options:
help-heading-exits = Exit codes:
help-values = [one of: { $values }]
help-default = [default: { $value }]
help-flag = Print help; --help says more than -h
help-version = Print the version
help-command = The help of a command
help-command-words = The command

explain-nearest = Perhaps you mean: { $codes }

usage-command = There is no command “{ $what }”.
usage-command-similar = There is no command “{ $what }”. Perhaps you mean: { $similar }
usage-option = There is no option “{ $what }” here.
usage-option-similar = There is no option “{ $what }” here. Perhaps you mean: { $similar }
usage-value = “{ $value }” does not fit { $what }.
usage-value-one-of = “{ $value }” does not fit { $what }; it takes one of: { $values }.
usage-value-missing = { $what } needs a value.
usage-missing = Something is missing: { $what }.
usage-missing-command = A command is missing.
usage-conflict = “{ $what }” and “{ $other }” cannot stand together, or one stands twice.
usage-too-many = There is one word too many: “{ $what }”.
usage-other = It does not have the form that is needed.

BR-1150 = The command line cannot be understood.
    .why = A command, option or value is wrong or missing; nothing was done.
    .fix = See what can be typed with: { $command } --help
    .example = bridle operation attach --help
BR-1151 = There is no code “{ $what }”.
    .why = Codes look like BR-1042; findings of a check look like check-disk.
    .fix = See all codes with: bridle explain
    .example = bridle explain BR-1042

help-bridle = Keeps a cloud-native platform installed and healthy on this host
    .more =
        The agent (service bridle-agent) does the work; these commands tell it what to do and show what it does.
        Ctrl-C leaves a command that waits; what runs goes on.
    .examples =
        bridle status --watch # the state of everything, live
        bridle operation attach # follow what runs now; Ctrl-C leaves, it goes on
        bridle operation retry # try the failed step again
        bridle explain BR-1042 # what a code means and what to do
    .socket = Socket of the agent
    .data = Where journals and last status are read while the agent does not answer
    .lang = Language of what is printed, else LC_ALL, LC_MESSAGES or LANG decides
    .color = When to use colours; NO_COLOR and TERM=dumb also turn them off
    .json = Print one JSON object instead of text
    .no-input = Never ask; a command that needs an answer ends with exit code 4
help-bridle-status = The state of everything
    .more = Without the agent it shows the last state that was written on disk, and ends with exit code 9.
    .examples =
        bridle status
        bridle status --watch # stay and show changes
        bridle status --json # for programs
    .watch = Stay and show changes
help-bridle-operation = Operations: what changes this platform, or changed it
    .examples =
        bridle operation list
        bridle operation attach # follow what runs now
        bridle operation retry # try the failed step again
help-bridle-operation-list = All operations, the newest first
    .examples = bridle operation list
help-bridle-operation-show = One operation with its steps
    .examples =
        bridle operation show # the newest
        bridle operation show 20261123-044319-install
    .id = Which operation [default: the newest]
help-bridle-operation-attach = Follow an operation to its end
    .more = Ctrl-C leaves (exit code 130); the operation goes on. The same command comes back to it.
    .examples =
        bridle operation attach # the newest
        bridle operation attach --events json # each event as one line of JSON
    .id = Which operation [default: the newest]
    .events = Print each event as one line, in the form of the journal
help-bridle-operation-pause = Stop after the running step
    .examples = bridle operation pause
    .id = Which operation [default: the newest]
help-bridle-operation-continue = Go on after a pause
    .examples = bridle operation continue
    .id = Which operation [default: the newest]
help-bridle-operation-retry = Try the failed step again
    .examples = bridle operation retry
    .id = Which operation [default: the newest]
help-bridle-operation-skip = Go on without the failed step
    .more = What the step should have done stays undone. The reason is kept in the journal with your name.
    .examples = bridle operation skip --reason "done by hand, ticket 4711"
    .id = Which operation [default: the newest]
    .reason = Why, at most 400 characters; kept in the journal
help-bridle-operation-abort = Take back everything that the operation did
    .more = Asks first; --yes answers. Data of applications are not removed.
    .examples =
        bridle operation abort
        bridle operation abort --yes # without the question
    .id = Which operation [default: the newest]
    .yes = Do not ask
help-bridle-release = Releases in the store of this server
    .examples = bridle release list
help-bridle-release-list = All releases in the store
    .examples = bridle release list
help-bridle-explain = What a code means, why it comes, and what to do
    .more = Needs neither the agent nor a network. Faults have codes such as BR-1042, findings of a check such as check-disk.
    .examples =
        bridle explain BR-1042
        bridle explain 1042 # the same
        bridle explain disk # the finding check-disk
        bridle explain # all codes
    .code = The code; without it all are listed
help-bridle-completions = Words for the TAB key of your shell
    .more = In bash an installation has set this up, if the package bash-completion was there.
    .examples =
        bridle completions bash > /etc/bash_completion.d/bridle
        bridle completions zsh > /usr/local/share/zsh/site-functions/_bridle
        bridle completions fish > /etc/fish/completions/bridle.fish
    .shell = The shell
help-bridle-man = Write the manual pages (English) into a folder
    .examples =
        bridle man /usr/local/share/man/man1
        bridle man . # here; then: man ./bridle.1
    .folder = The folder, which must exist; files of the same names are replaced
help-bridle-tui = The terminal screen
    .more = Every action is reached with arrows, Enter and Esc. Ctrl-C leaves; what runs goes on.
    .accessible = Text with numbered choices instead of a drawn screen, for screen readers; also with BRIDLE_ACCESSIBLE=1 and TERM=dumb
    .examples = bridle tui
help-bridle-agent = The service that runs operations; its unit starts it
    .examples = systemctl status bridle-agent

help-installer = Installs the release that is inside this file on this host; nothing is loaded from a network
    .more = Before you run it at all, check the file with: minisign -V -p campus.pub -m campus-1.0.0-amd64.run
    .examples =
        $ ./campus-1.0.0-amd64.run verify --publisher-key campus.pub # is the file whole and from its publisher?
        sudo ./campus-1.0.0-amd64.run install --plan-only --explain # what would be done
        sudo ./campus-1.0.0-amd64.run install
        sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml
    .lang = Language of what is printed, else LC_ALL, LC_MESSAGES or LANG decides
    .color = When to use colours; NO_COLOR and TERM=dumb also turn them off
    .json = Print one JSON object instead of text
    .no-input = Never ask; a command that needs an answer ends with exit code 4
    .publisher-key = Trust exactly this key (a minisign .pub file that the publisher gave you by another way)
    .file = The release file, for development: normally it is this program’s own file
help-installer-install = Check this host, show the plan, ask, and install
    .more =
        What it asks: whether the publisher’s key is the right one (--publisher-key answers), name and address of the site
        (--config answers), and whether to install now (--yes answers). Once everything is in place the agent does the
        work; closing the window does not stop it. After an interruption the same command goes on.
    .examples =
        sudo ./campus-1.0.0-amd64.run install --plan-only --explain # what would be done; changes nothing
        sudo ./campus-1.0.0-amd64.run install
        sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml # for scripts
    .plan-only = Show the plan and the findings, change nothing
    .explain = Say for each step its limits and what happens if it fails
    .fix = Mend at once what the checks find and can mend without risk; uninstalling takes it back
    .yes = Do not ask whether to install; needs a trusted publisher key
    .config = Configuration of this site (site.toml); without it two questions are asked
help-installer-verify = Check signature and content of the whole file
    .examples = $ ./campus-1.0.0-amd64.run verify --publisher-key campus.pub
help-installer-inspect = Show what the file holds
    .examples =
        $ ./campus-1.0.0-amd64.run inspect
        $ ./campus-1.0.0-amd64.run inspect --json
help-installer-explain = What a code means, why it comes, and what to do
    .examples =
        $ ./campus-1.0.0-amd64.run explain BR-1003
        $ ./campus-1.0.0-amd64.run explain # all codes
    .code = The code; without it all are listed
