# The configuration of a site: what is found in it, what a change means, its history, the site sheet and the calendar.

profile-field-missing-in = The field “{ $field }” is missing in [{ $table }].
profile-choice = Line { $line }, column { $column }: “{ $value }” does not fit { $field }. It takes one of: { $known }.
profile-large = It is larger than { $limit } KiB.
profile-rule = Line { $line }, column { $column }: “{ $value }” does not fit { $field }. It takes { $rule ->
        [address] an IP address, such as 192.0.2.53; at most 16 of them
        [host] a host name or an IP address, such as mail.campus.example; at most 16 of them
        [mail] an address of mail, such as platform@campus.example
        [port] a port from 1 to 65535
        [user] a name of at most 254 characters
        [proxy] an address such as http://proxy.campus.example:3128, without name and password
        [exception] a host name, a name ending such as .campus.example, or a network such as 192.0.2.0/24; at most 64 of them
        [pem] the absolute path of a file with certificates (PEM), or their text; never a private key
        [pem-file] a file that can be read and holds nothing but certificates (PEM), at most 64 KiB
        [zone] the IANA name of a time zone, such as Europe/Paris
        [date] a day such as 2026-08-25, or a day with a time such as 2026-08-25T08:00
        [time] a time such as 22:00
        [order] a time behind “from”
        [entries] at most 200 entries
       *[name] a name of 1 to 80 characters
    }.
profile-rule-typed = “{ $value }” does not fit { $field }.

config-place = Line { $line }, column { $column }: { $said }
config-about = { $key } { $said }
config-of-release = { $said } (This value is the release's, not yours.)
config-of-chart = { $said } (This value is the chart's own default, not yours.)
config-type = must be { $kind ->
        [string] a text in quotation marks
        [integer] a whole number
        [number] a number
        [boolean] true or false
        [array] a list in square brackets
        [object] a table
       *[null] left out
    }.
config-types = must be one of these kinds: { $kinds }.
config-one-of = must be one of: { $values }.
config-no-key = is not known here.
config-no-key-known = is not known here. Known are: { $known }.
config-no-key-meant = is not known here. Did you mean “{ $meant }”?
config-required = is missing.
config-least = must be at least { $limit }.
config-above = must be more than { $limit }.
config-most = must be at most { $limit }.
config-below = must be less than { $limit }.
config-longer = is too short: at least { $limit }.
config-shorter = is too long: at most { $limit }.
config-pattern = must have this form (a regular expression): { $pattern }
config-format = must have the form “{ $format }”.
config-unique = holds an entry twice.
config-other = does not fit: { $said }
config-no-chart = is for a chart that the release does not have. There are: { $known }.
config-no-chart-meant = is for a chart that the release does not have. Did you mean “{ $meant }”?
config-unread = is read by nothing in this chart.
config-unread-meant = is read by nothing in this chart. Did you mean “{ $meant }”?
config-secret-value = looks like a secret. The configuration is kept and shown: put secrets into a Kubernetes Secret.
config-fixed = cannot be changed any more: it was decided with the installation.
config-renamed-both = is called { $to } in this release, and both are there. Remove one of the two.
config-renamed-blocked = is called { $to } in this release, and something else stands in its way. Move it by hand.
config-unwritable = The profile cannot be written as TOML.

calendar-critical = “{ $name }” lasts until { $until } ({ $zone }). No maintenance window is in the calendar.
calendar-critical-window = “{ $name }” lasts until { $until } ({ $zone }). The next maintenance window is “{ $window }”, { $from } to { $to } ({ $there }).

config-changes = What changes
config-charts = Parts that get other settings
config-steps = Steps that the agent then does
config-chart-interrupts = { $chart } (interrupts its service)
config-chart-gently = { $chart }
config-no-charts = none
config-nothing = Nothing changes.
config-same = There is no difference.
config-undo-before = if it fails, by itself: the same with the settings of before
config-unset = (not set)
config-renamed-line = { $from } is called { $to } in this release: it is renamed.
config-differs = /etc/bridle/site.toml was changed by hand and is not in force yet. Look at it with “bridle config diff”, put it in force with “bridle config apply”.
config-valid = The configuration is in order.
config-sum = { $count ->
        [one] 1 mistake or remark
       *[other] { $count } mistakes or remarks
    }; nothing was changed.
config-ask = Apply this change?
config-stopped = Nothing was changed.
config-window = Convenient: “{ $name }”, { $from } to { $to } ({ $zone }).
config-edit-again = Edit again?
config-edit-heading = This cannot be applied. These lines will be removed.
config-edit-same = Nothing was changed in the editor.
config-history-empty = No revision has been kept yet.
config-reason-found = was there
config-reason-changed = changed
config-reason-upgraded = upgraded
config-reason-restored = revision { $number } again
missing-revision = Revision { $revision } of the configuration is not in force.
config-absent = { $key } is not set in site.toml.
config-in-force = in force

label-revision = REVISION
label-by = BY
label-reason = REASON

config-test-host = From this server
config-test-none = The site sheet names no service to test.
config-test-line = { $what }: { $said }
service-dns = name server { $server }
service-ntp = time server { $server }
service-smtp = mail relay { $server }
service-proxy = proxy { $server }
service-ca = certificates of the institution
service-syslog = log collector { $server }
service-answered = answers in { $millis } ms
service-clock = answers; its clock differs by { $millis } ms
service-clock-off = its clock differs by { $millis } ms: one of the two is wrong
service-certificates = { $count ->
        [one] 1 certificate
       *[other] { $count } certificates
    } that may sign others
service-not-authority = a certificate may not sign others: it is none of an authority
service-sent = sent; the protocol has no answer
service-unnamed = its name cannot be found
service-unreachable = does not answer: { $said }
service-silent = does not answer within { $seconds } s
service-odd = answers something else: { $said }
service-no-starttls = does not offer STARTTLS
service-refuses = refuses: { $said }

step-site-services = { $count ->
        [0] Remove the passwords of the site's services from the applications
        [one] Give 1 password of the site's services to the applications
       *[other] Give { $count } passwords of the site's services to the applications
    }
site-services-missing = the passwords of the site's services in { $namespace } are not what they should be
site-services-not-settled = the passwords of the site's services are not in force on this server
config-secret-absent = needs a password that is not set: bridle config secret set { $name }
secrets-needed = needed
secrets-set = set on { $time }
secrets-not-set = not set
secrets-ask = Password (not shown):
errand-heading = From a pod of the applications
errand-no-image = A pod cannot ask: the release has no image named busybox.
errand-answered = answers
errand-silent = does not answer
errand-unasked = cannot be asked from a pod: the image has nothing for datagrams
errand-blocked = pods may not reach it
errand-failed = A pod could not ask: { $said } (BR-1243)

BR-1230 = The configuration cannot be applied.
    .why = It breaks rules of site.toml itself or of a part of this release. Nothing was changed.
    .fix = Mend what is listed, and look at it again with “bridle config validate”.
BR-1231 = “{ $key }” is no key that can be used here
    .why = A key is names joined by dots, such as values.enrolment.replicas or services.smtp.host. A name with a dot in it is put into quotation marks.
    .fix = See what there is with “bridle config get”. Whole tables are changed with “bridle config edit”.
BR-1232 = There is no revision { $revision } of the configuration
    .why = Revisions have numbers from 1; the oldest ones go when there are more than 1000.
    .fix = See which there are with “bridle config history”.
BR-1233 = Revision { $revision } of the configuration is damaged
    .why = Its files are missing, are not what they were written as, or were written by a newer version.
    .fix = Choose another one with “bridle config history”. Check the disk.
BR-1234 = The configuration is not what it was when you looked
    .why = Somebody else changed it, or a release came or went. Nothing was changed now.
    .fix = Run the same command again and look at the new plan.
BR-1235 = Nothing may be disturbed now: { $name }
    .why = The calendar in site.toml names this period as critical, and what was asked for would interrupt a service.
    .fix = Wait until it is over, or add --even-in with the name of the period.
BR-1237 = The editor failed: { $editor }
    .why = It could not be started, or ended with an error. Nothing was changed.
    .fix = Set EDITOR to an editor of this server, such as nano or vi, or use “bridle config set”.
BR-1238 = { $count ->
        [one] A service
       *[other] { $count } services
    } of the site sheet did not answer as they should
    .why = It does not run, a name or port is wrong, or a firewall stands between.
    .fix = See the lines above. Change the site sheet with “bridle config edit”.
BR-1239 = There is no secret “{ $name }” in the site sheet
    .why = The site sheet knows smtp-password and proxy-password.
    .fix = Type one of these names.
BR-1240 = This cannot be a password
    .why = It is empty, has more than one line, or more than 1024 characters.
    .fix = Give one line: from a file with “<”, or typed where nobody sees it.

BR-1241 = The password “{ $name }” cannot be opened
    .why = Its sealed file or the key of this server, both in /etc/bridle/secrets, is missing or altered, or is a copy from another server.
    .fix = Set it again: bridle config secret set { $name } --file FILE
BR-1242 = Nothing in the site sheet needs “{ $name }”
    .why = A password belongs to a user of a service, and { $name ->
        [proxy-password] services.proxy.user
       *[smtp-password] services.smtp.user
    } is not set.
    .fix = Set the user first with “bridle config set”, then the password.
BR-1243 = The services could not be asked from a pod
    .why = The pod for it could not be made, did not end in time, or said nothing that can be read.
    .fix = See “bridle status”, then try again. What was asked from the server itself counts all the same.

help-bridle-config = The configuration of this site: read it, change it, its history
    .examples =
        bridle config get
        bridle config set values.enrolment.replicas 3
        bridle config history
help-bridle-config-get = The configuration, or one value of it; secrets are not shown
    .examples =
        bridle config get
        bridle config get services.smtp.host
        bridle config get values.enrolment --json
    .key = Names joined by dots [default: everything]
help-bridle-config-set = Set values, after showing what that would do and asking
    .more =
        A value is written as in TOML (3, true, ["a", "b"]); anything else is a text. Comments and order of the file stay.
        Everything goes back by itself if a step fails or if health does not hold afterwards.
    .examples =
        bridle config set values.enrolment.replicas 3
        bridle config set services.dns '["192.0.2.53"]' --yes
    .pairs = Key and value, as often as wanted
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end
help-bridle-config-unset = Take values away, so that the release's own count again
    .examples = bridle config unset values.enrolment.replicas
    .keys = Names joined by dots
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end
help-bridle-config-edit = Change the configuration in an editor
    .more = The editor is the one in VISUAL or EDITOR. What cannot be applied comes back with the reasons on top.
    .examples =
        bridle config edit
        bridle config edit --dry-run
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end
help-bridle-config-validate = Check a configuration against the rules of the site and of every chart; nothing is changed
    .examples =
        bridle config validate
        bridle config validate new.toml
    .file = File, or - for standard input [default: /etc/bridle/site.toml]
help-bridle-config-diff = What differs between two configurations
    .more = Without a number: between the one in force and the file. With one: between that revision and the file.
    .examples =
        bridle config diff
        bridle config diff 3 5
    .from = Revision before
    .to = Revision after [default: the file]
help-bridle-config-history = Every configuration that was in force, newest first
    .examples = bridle config history
help-bridle-config-rollback = Put an earlier configuration in force again
    .examples = bridle config rollback 3
    .revision = Number of the revision
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end
help-bridle-config-apply = Put a file in force as the configuration
    .examples =
        bridle config apply
        bridle config apply new.toml --yes
    .file = File, or - for standard input [default: /etc/bridle/site.toml, as it was changed by hand]
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end

help-bridle-config-test = Ask the services of the site sheet from this server: DNS, time, mail, proxy, certificates, logs
    .more = Nothing but questions is sent: no mail, no password.
    .examples = bridle config test
help-bridle-config-secret = The passwords of the site's services; they are never shown
    .examples =
        bridle config secret list
        bridle config secret set smtp-password --file password.txt
        bridle config secret unset smtp-password
help-bridle-config-secret-set = Set a password and give it to the applications
    .name = Name: smtp-password or proxy-password
    .file = File that holds the password; without it, standard input
    .examples =
        bridle config secret set smtp-password --file password.txt
        bridle config secret set proxy-password --yes < password.txt
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end
help-bridle-config-secret-list = Which passwords are needed, and when they were set
    .examples =
        bridle config secret list
        bridle config secret list --json
help-bridle-config-secret-unset = Remove a password, here and from the applications
    .name = Name: smtp-password or proxy-password
    .examples =
        bridle config secret unset proxy-password
    .dry-run = Only show what would be done
    .even-in = Do it in the critical period of this name, although it interrupts a service
    .yes = Do not ask
    .detach = Begin it and do not wait for its end
