# Words of changes on the screens: updates, plan, running, failed.

tui-updates = Updates
tui-plan = Plan
tui-step = Step
tui-releases = Releases on this server
tui-releases-asked = { $time }  Asking which releases are here…
tui-releases-none = There is no release on this server. Bring the publisher’s file with: bridle release add FILE
tui-releases-newest = The release in use is the newest one here. Bring a newer file with: bridle release add FILE
tui-release-in-use = in use
tui-release-newer = newer
tui-release-older = older
tui-release-other = another platform
tui-release-line = { $release }  { $size }, { $images } { $images ->
        [one] image
       *[other] images
    }, since { $added }
tui-newer-here = [->] { $release } is here. What it would change: Updates (F2)
tui-planning = { $time }  Working out the plan for { $release }; everything is tried, nothing is changed…
tui-planning-back = { $time }  Working out the way back; everything is tried, nothing is changed…
tui-starting = { $time }  Looking at everything once more, then it begins…
tui-show-plan = Show the plan
tui-return-plan = Go back to the release before…
tui-cancel = Cancel
tui-start = Start now
tui-plan-again = Plan again
tui-details = Details
tui-blocked = Cannot start: { $what }
tui-blocked-period = Cannot start in the period “{ $name }”
tui-blocked-busy = Cannot start: another operation runs
tui-blocked-offline = Cannot start: the agent does not answer
tui-nothing-blocks = Nothing stands in the way. { $warnings ->
        [0] { "" }
        [one] One thing should be looked at; it stands below.
       *[other] { $warnings } things should be looked at; they stand below.
    }
tui-by-command = The same by command: { $command }
tui-takes = Takes about { $time }. Users should notice nothing.
tui-takes-interrupted = Takes about { $time }. Something is down for users for up to { $down }.
tui-runs = { $runs ->
        [0] These are usual times; nothing like it ran here before.
        [one] Times are known from one run here.
       *[other] Times are known from { $runs } runs here.
    }
tui-steps = Steps
tui-steps-time = time
tui-steps-undo = if it fails
tui-undo-nothing = nothing to undo
tui-undo-committed = stays
tui-commit = From here on it is in force and no longer goes back by itself
tui-findings = What was found
tui-rest = Space and time
tui-step-title = Step { $step } of { $steps }: { $title }
tui-step-time = Time: about { $time }. { $runs ->
        [0] A usual value; nothing like it ran here before.
        [one] Known from one run here.
       *[other] Known from { $runs } runs here.
    }
tui-step-notice = Users notice it: something is down meanwhile.
tui-step-no-notice = Users should notice nothing of it.
tui-step-undo = If it fails: “{ $undo }”, by itself.
tui-step-undo-nothing = If it fails: nothing has to be undone for this step.
tui-step-committed = It lies behind the confirmation: if it fails, the operation waits for you; nothing goes back by itself.
tui-step-state = State: { $state }
tui-step-began = Begun { $time }, attempt { $attempt }
tui-step-took = It took { $time }.
tui-step-not-undoable = It cannot be taken back.
tui-usual = usually { $time }
tui-started = started { $time } UTC
tui-started-by = started { $time } UTC by { $by }
tui-may-close = You may close this window: it goes on. Come back with: bridle tui
tui-in-force = It is in force now, so nothing goes back by itself any more.
tui-hand-over = The agent hands over to the one of the new release. It goes on; this screen reconnects by itself.
tui-no-answer-goes-on = The agent does not answer; what runs goes on as soon as it does. Trying again by itself.
tui-fold-open = d shows what the programs said ({ $count } { $count ->
        [one] message
       *[other] messages
    })
tui-failed-title = Step { $step } failed: { $title }
tui-back-title = It was taken back
label-what = WHAT
label-now = NOW
now-waits = The operation waits for you; what is done stays as it is.
now-waits-committed = { $release } is in force already; what is left waits for you.
now-back = { $release } is in use as before. What users have entered is still there.
now-back-nothing = Everything is as it was before.
back-wanted-what = Somebody wanted it back.
do-retry = [{ $key }] try this step again, when the cause is mended
do-abort = [{ $key }] take everything back
do-skip = go on without this step: { $command }
do-leave = leave it as it is: nothing happens until you decide
do-plan = look at the plan again: { $command }
do-nothing = Nothing has to be done.
tui-ask-back-upgrade = Go back to { $release }? { $steps ->
        [0] Nothing was done yet.
        [one] One step is taken back.
       *[other] { $steps } steps are taken back, the last one first.
    } Users may have to wait meanwhile. What they have entered stays.
tui-ask-back-install = Take the installation of { $release } back? { $steps ->
        [0] Nothing was done yet.
        [one] One step is taken back.
       *[other] { $steps } steps are taken back, the last one first.
    } Afterwards nothing of it runs.
tui-ask-back-other = Take it back? { $steps ->
        [0] Nothing was done yet.
        [one] One step is taken back.
       *[other] { $steps } steps are taken back, the last one first.
    } Users may have to wait meanwhile. What they have entered stays.
soak-held = health has held for { $held } of { $of }
operation-left = { $minutes ->
        [0] less than a minute left
       *[other] about { $minutes } min left
    }
back-because = It goes back because: { $because } ({ $code }).
back-wanted = It goes back because somebody wanted it.
attach-hand-over = The agent hands over to the one of the new release. The operation goes on; reconnecting…
attach-in-force = The change is in force; from here on it no longer goes back by itself.
key-updates = updates
key-updates-long = the releases here, and what an update would do
key-details = details
key-details-long = all about a step; after a failure, what the programs said
key-page = Page Up/Down
key-page-long = move by pages
tui-more-below = and { $count } more lines below (Down)
sign-verifying = being watched
back-progress = { $undone } of { $steps } steps undone, after { $time }
back-ended = taken back, after { $time }
tui-step-others = Up/Down: the other steps
tui-back = Back
tui-pause = Pause after this step
tui-continue = Go on
tui-retry = Try again
tui-abort = Take back…
tui-undo-line = if it fails: { $undo }
failure-now-committed = NOW: { $release } is in force already; what is left waits for you.
attach-watched = Everything is in place; now health must hold.
spoken-next = The next one
spoken-previous = The one before
spoken-choice = Choice (0 to { $most }; Enter to hear it again, ? for help, L pour le français):
