# Mots des changements sur les écrans : mises à jour, plan, en cours, échec.

tui-updates = Mises à jour
tui-plan = Plan
tui-step = Étape
tui-releases = Versions sur ce serveur
tui-releases-asked = { $time }  Recherche des versions présentes…
tui-releases-none = Aucune version sur ce serveur. Apportez le fichier de l’éditeur avec : bridle release add FILE
tui-releases-newest = La version en service est la plus récente ici. Apportez un fichier plus récent avec : bridle release add FILE
tui-release-in-use = en service
tui-release-newer = plus récente
tui-release-older = plus ancienne
tui-release-other = autre plateforme
tui-release-line = { $release }  { $size }, { $images } { $images ->
        [one] image
       *[other] images
    }, depuis le { $added }
tui-newer-here = [->] { $release } est là. Ce qu’elle changerait : Mises à jour (F2)
tui-planning = { $time }  Préparation du plan pour { $release } ; tout est essayé, rien n’est modifié…
tui-planning-back = { $time }  Préparation du retour ; tout est essayé, rien n’est modifié…
tui-starting = { $time }  Tout est vérifié encore une fois, puis cela commence…
tui-show-plan = Voir le plan
tui-return-plan = Revenir à la version d’avant…
tui-cancel = Annuler
tui-start = Commencer
tui-plan-again = Refaire le plan
tui-details = Détails
tui-blocked = Impossible de commencer : { $what }
tui-blocked-period = Impossible de commencer pendant la période « { $name } »
tui-blocked-busy = Impossible de commencer : une autre opération est en cours
tui-blocked-offline = Impossible de commencer : l’agent ne répond pas
tui-nothing-blocks = Rien ne s’y oppose. { $warnings ->
        [0] { "" }
        [one] Un point est à regarder, plus bas.
       *[other] { $warnings } points sont à regarder, plus bas.
    }
tui-by-command = La même chose en commande : { $command }
tui-takes = Durée : environ { $time }. Les utilisateurs ne devraient rien remarquer.
tui-takes-interrupted = Durée : environ { $time }. Pour les utilisateurs, jusqu’à { $down } d’arrêt.
tui-runs = { $runs ->
        [0] Durées habituelles ; rien de tel n’a encore eu lieu ici.
        [one] Durées connues d’un passage ici.
       *[other] Durées connues de { $runs } passages ici.
    }
tui-steps = Étapes
tui-steps-time = durée
tui-steps-undo = en cas d’échec
tui-undo-nothing = rien à annuler
tui-undo-committed = reste en place
tui-commit = À partir d’ici, c’est en vigueur et ne revient plus de soi-même
tui-findings = Ce qui a été trouvé
tui-rest = Place et durée
tui-step-title = Étape { $step } sur { $steps } : { $title }
tui-step-time = Durée : environ { $time }. { $runs ->
        [0] Valeur habituelle ; rien de tel n’a encore eu lieu ici.
        [one] Connue d’un passage ici.
       *[other] Connue de { $runs } passages ici.
    }
tui-step-notice = Les utilisateurs la remarquent : quelque chose est arrêté pendant ce temps.
tui-step-no-notice = Les utilisateurs ne devraient rien en remarquer.
tui-step-undo = En cas d’échec : « { $undo } », automatiquement.
tui-step-undo-nothing = En cas d’échec : il n’y a rien à annuler pour cette étape.
tui-step-committed = Elle vient après la confirmation : en cas d’échec, l’opération vous attend ; rien ne revient de soi-même.
tui-step-state = État : { $state }
tui-step-began = Commencée { $time }, tentative { $attempt }
tui-step-took = Elle a duré { $time }.
tui-step-not-undoable = Elle ne peut pas être annulée.
tui-usual = d’habitude { $time }
tui-started = commencée à { $time } UTC
tui-started-by = commencée à { $time } UTC par { $by }
tui-may-close = Vous pouvez fermer cette fenêtre : tout continue. Revenez avec : bridle tui
tui-in-force = C’est en vigueur maintenant : plus rien ne revient de soi-même.
tui-hand-over = L’agent passe la main à celui de la nouvelle version. Tout continue ; cet écran se reconnecte seul.
tui-no-answer-goes-on = L’agent ne répond pas ; tout continue dès qu’il répond. Nouvel essai automatique.
tui-fold-open = d montre ce qu’ont dit les programmes ({ $count } { $count ->
        [one] message
       *[other] messages
    })
tui-failed-title = Échec de l’étape { $step } : { $title }
tui-back-title = Tout a été annulé
label-what = QUOI
label-now = MAINTENANT
now-waits = L’opération vous attend ; ce qui est fait reste en place.
now-waits-committed = { $release } est déjà en vigueur ; ce qui reste vous attend.
now-back = { $release } est en service comme avant. Ce que les utilisateurs ont saisi est toujours là.
now-back-nothing = Tout est comme avant.
back-wanted-what = Quelqu’un a voulu revenir.
do-retry = [{ $key }] recommencer cette étape, une fois la cause corrigée
do-abort = [{ $key }] tout annuler
do-skip = continuer sans cette étape : { $command }
do-leave = laisser ainsi : rien ne se passe avant votre décision
do-plan = revoir le plan : { $command }
do-nothing = Il n’y a rien à faire.
tui-ask-back-upgrade = Revenir à { $release } ? { $steps ->
        [0] Rien n’est encore fait.
        [one] Une étape est annulée.
       *[other] { $steps } étapes sont annulées, la dernière d’abord.
    } Les utilisateurs devront peut-être attendre. Ce qu’ils ont saisi reste.
tui-ask-back-install = Annuler l’installation de { $release } ? { $steps ->
        [0] Rien n’est encore fait.
        [one] Une étape est annulée.
       *[other] { $steps } étapes sont annulées, la dernière d’abord.
    } Ensuite, plus rien n’en fonctionne.
tui-ask-back-other = Tout annuler ? { $steps ->
        [0] Rien n’est encore fait.
        [one] Une étape est annulée.
       *[other] { $steps } étapes sont annulées, la dernière d’abord.
    } Les utilisateurs devront peut-être attendre. Ce qu’ils ont saisi reste.
soak-held = tout va bien depuis { $held } sur { $of }
operation-left = { $minutes ->
        [0] reste moins d’une minute
       *[other] reste environ { $minutes } min
    }
back-because = Retour arrière parce que : { $because } ({ $code }).
back-wanted = Retour arrière parce que quelqu’un l’a voulu.
attach-hand-over = L’agent passe la main à celui de la nouvelle version. L’opération continue ; reconnexion…
attach-in-force = Le changement est en vigueur ; à partir d’ici, il ne revient plus de soi-même.
key-updates = mises à jour
key-updates-long = les versions présentes, et ce que ferait une mise à jour
key-details = détails
key-details-long = tout sur une étape ; après un échec, ce qu’ont dit les programmes
key-page = Page préc./suiv.
key-page-long = avancer par pages
tui-more-below = et { $count } lignes de plus en dessous (Bas)
sign-verifying = sous surveillance
back-progress = étapes annulées : { $undone } sur { $steps }, après { $time }
back-ended = annulée, après { $time }
tui-step-others = Haut/Bas : les autres étapes
tui-back = Retour
tui-pause = Pause après cette étape
tui-continue = Reprendre
tui-retry = Réessayer
tui-abort = Tout annuler…
tui-undo-line = en cas d’échec : { $undo }
failure-now-committed = MAINTENANT : { $release } est déjà en vigueur ; ce qui reste vous attend.
attach-watched = Tout est en place ; maintenant, la santé doit tenir.
spoken-next = Suivante
spoken-previous = Précédente
spoken-choice = Choix (0 à { $most } ; Entrée pour réentendre, ? pour l’aide, L for English) :
