//! When prunes happen: a schedule meant for some number of epochs, scaled to the run's.

use crate::BdpSettings;

/// Epochs before which something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    prunes: Vec<u32>,
    looks: Vec<u32>,
}

impl Schedule {
    /// The settings' schedule, scaled to a run of `epochs`: a time of t epochs of
    /// `schedule_epochs` is floor(t * epochs / schedule_epochs).
    pub(super) fn new(settings: &BdpSettings, epochs: u32) -> Schedule {
        let [warm_up, every, period] =
            [settings.warm_up, settings.every, settings.return_period].map(u64::from);
        let times = |from: u64, by: u64| (0_u64..).map(move |n| from + n * by);
        let prunes = times(warm_up, every).take(settings.prunes as usize);
        let looks = times(warm_up + period, period.max(1));
        Schedule {
            prunes: scaled(prunes, settings, epochs),
            looks: if settings.allow_return { scaled(looks, settings, epochs) } else { vec![] },
        }
    }

    /// How many prunes come just before this epoch; more than one where the run is short.
    pub(super) fn prunes_before(&self, epoch: u32) -> u32 {
        self.prunes.iter().filter(|&&prune| prune == epoch).count() as u32
    }

    /// Whether this epoch looks at the pruned samples, too.
    pub(super) fn looks_back(&self, epoch: u32) -> bool {
        self.looks.contains(&epoch)
    }
}

/// The times, ascending, that fall into a run of so many epochs.
fn scaled(times: impl Iterator<Item = u64>, settings: &BdpSettings, epochs: u32) -> Vec<u32> {
    let (run, meant) = (u64::from(epochs), u64::from(settings.schedule_epochs.max(1)));
    let scaled = times.map_while(|time| u32::try_from(time * run / meant).ok());
    scaled.take_while(|&epoch| epoch < epochs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prunes(epochs: u32) -> Vec<u32> {
        Schedule::new(&BdpSettings::default(), epochs).prunes
    }

    #[test]
    fn the_schedule_of_50_epochs_is_scaled_to_the_run() {
        assert_eq!(prunes(50), [10, 15, 20, 25, 30, 35]);
        assert_eq!(prunes(100), [20, 30, 40, 50, 60, 70]);
        assert_eq!(prunes(20), [4, 6, 8, 10, 12, 14]);
        assert_eq!(prunes(5), [1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn prunes_that_fall_together_are_counted_and_later_ones_never_come() {
        let short = Schedule::new(&BdpSettings::default(), 5);
        assert_eq!([0, 1, 2, 4].map(|epoch| short.prunes_before(epoch)), [0, 2, 2, 0]);
        let late = BdpSettings { warm_up: 45, ..BdpSettings::default() };
        assert_eq!(Schedule::new(&late, 50).prunes, [45]);
    }

    #[test]
    fn pruned_samples_are_looked_at_once_a_period_if_at_all() {
        assert!(!(0..50).any(|epoch| Schedule::new(&BdpSettings::default(), 50).looks_back(epoch)));
        let settings = BdpSettings { allow_return: true, ..BdpSettings::default() };
        assert_eq!(Schedule::new(&settings, 50).looks, [20, 30, 40]);
        assert_eq!(Schedule::new(&settings, 20).looks, [8, 12, 16]);
    }
}
