# Words of the renewal of the applications.

recreate-no-way-back = what was removed is made anew by going on, not by going back
leftover-there = { $what } of { $chart } is still there
leftovers-there = { $count } { $count ->
        [one] thing is
       *[other] things are
    } still there, first { $what }
wait-leftovers-freed = { $what } was held back by a program that is gone; it is released
leftovers-unseen = Kubernetes does not tell what there is of { $what }

recreate-of = Renewal of the applications of { $release } at { $site }
recreate-goes = What is removed and made anew
recreate-stays = What stays as it is
recreate-goes-nothing = nothing is left of it
recreate-stays-nothing = nothing else is there
recreate-more = and { $count } more
recreate-item-data = data: { $name }
recreate-item-secret = password or key: { $name }
recreate-item-foreign = made by somebody else: { $name }
recreate-item = { $name }
recreate-steps = Steps
recreate-means = Users cannot work while this runs. All data, passwords and settings stay.
recreate-unseen = Kubernetes does not answer, so nobody can say what is there; the plan is the same.
recreate-lasts = When it was last put in place, this took about { $time }.
recreate-ask = Remove and make the applications anew now?
recreate-dry-run = This was only the plan; nothing was changed.
recreate-nothing-changed = Nothing was changed.

BR-1270 = A renewal of the applications cannot be taken back.
    .why = What was removed is not there any more; only going on brings it again.
    .fix = Let it go on with: bridle operation retry, or after a pause with: bridle operation continue
BR-1271 = Something that belongs to the applications cannot be removed: { $what }.
    .why = Kubernetes was told to remove it and still holds it. Making it anew beside the old one would mix the two.
    .fix = See who holds it with: kubectl get -o yaml. Mend that, then: bridle operation retry
BR-1272 = The renewal must be confirmed, and nobody can be asked.
    .why = The input is not a terminal, and users cannot work meanwhile.
    .fix = Look at the plan with: bridle application recreate --dry-run. Then: bridle application recreate --yes
BR-1273 = The platform is no longer as it was when the plan was shown.
    .why = What is confirmed is what runs; something changed in between.
    .fix = Look again and confirm again: bridle application recreate

help-bridle-application = The applications of the platform
    .examples =
        bridle application recreate --dry-run # what a renewal would do
        bridle application recreate
help-bridle-application-recreate = Remove the applications and make them anew, whatever state they are in
    .more =
        For a platform that is damaged: services deleted by mistake, half an upgrade made by hand. Everything that belongs to
        the applications of the installed release is removed, also what Kubernetes or Helm lost track of, and put in place
        again as by a fresh installation. Data, passwords and settings stay; what others made stays too. Users cannot work
        meanwhile. It goes on by itself, also after a restart of the server; Ctrl-C only leaves this command.
    .examples =
        bridle application recreate --dry-run # only show the plan
        bridle application recreate # asks first
    .dry-run = Only show the plan: what goes, what stays, how long it takes
    .yes = Do not ask
